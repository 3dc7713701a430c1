#include "extract/cuda/cuda_picture_converter.h"

#include <cuda_runtime_api.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

extern "C" {
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_cuda.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include "data/error.h"
#include "extract/cuda/check.h"
#include "extract/cuda/kernels.h"
#include "extract/cuda/scale_plan.h"

namespace tvr {
namespace {

constexpr const char* kForMemory = "Use fewer --jobs";

/// Returns device memory of the GPU `opaque` to CUDA's pool, from any thread.
void release_memory(void* opaque, std::uint8_t* memory) {
  const auto gpu = static_cast<int>(reinterpret_cast<std::intptr_t>(opaque));
  int before = gpu;
  cudaGetDevice(&before);
  if (before != gpu) cudaSetDevice(gpu);
  cudaFreeAsync(memory, cudaStreamPerThread);
  if (before != gpu) cudaSetDevice(before);
}

/// Device memory as a libav buffer, so that frames own it. Usable on `stream`, and on other streams once
/// `stream` has been synchronised. Allocated from CUDA's pool (use_device): cudaMalloc() would synchronise
/// the device for each frame.
BufferHandle device_memory(std::size_t bytes, cudaStream_t stream, const std::string& where) {
  int gpu = 0;
  void* memory = nullptr;
  check(cudaGetDevice(&gpu), where);
  check(cudaMallocAsync(&memory, bytes, stream), where, kForMemory);
  BufferHandle buffer{av_buffer_create(static_cast<std::uint8_t*>(memory), bytes, release_memory,
                                       reinterpret_cast<void*>(static_cast<std::intptr_t>(gpu)), 0)};
  if (!buffer) cudaFreeAsync(memory, stream);
  return BufferHandle{av_allocated(buffer.release())};
}

/// A plan's resampling filters in device memory.
class DeviceFilters {
 public:
  DeviceFilters(const ScalePlan& plan, const std::string& name) {
    std::vector<std::int32_t> values;  // per filter: the source offsets, then the bits of the weights
    for (const ResampleFilter* filter : filters_of(plan)) {
      values.insert(values.end(), filter->first.begin(), filter->first.end());
      const std::size_t at = values.size();
      values.resize(at + filter->weights.size());
      std::memcpy(values.data() + at, filter->weights.data(), filter->weights.size() * sizeof(float));
    }
    const std::size_t bytes = values.size() * sizeof(std::int32_t);
    memory_ = device_memory(bytes, cudaStreamPerThread, name);
    check(cudaMemcpyAsync(memory_->data, values.data(), bytes, cudaMemcpyHostToDevice, cudaStreamPerThread),
          name);
    check(cudaStreamSynchronize(cudaStreamPerThread), name);
  }

  /// Points the job at these filters.
  void set(gpu::ScaleJob& job, const ScalePlan& plan) const {
    const std::uint8_t* at = memory_->data;
    gpu::FilterView* const views[] = {&job.y_across, &job.y_down, &job.chroma_across, &job.chroma_down};
    const auto filters = filters_of(plan);
    for (std::size_t i = 0; i < filters.size(); ++i) {
      views[i]->taps = filters[i]->taps;
      views[i]->first = reinterpret_cast<const int*>(at);
      at += filters[i]->first.size() * sizeof(int);
      views[i]->weights = reinterpret_cast<const float*>(at);
      at += filters[i]->weights.size() * sizeof(float);
    }
  }

 private:
  static std::array<const ResampleFilter*, 4> filters_of(const ScalePlan& plan) {
    return {&plan.y_across, &plan.y_down, &plan.chroma_across, &plan.chroma_down};
  }
  BufferHandle memory_;
};

/// Growing pinned host memory, from which frames are uploaded without a copy by the driver.
class PinnedMemory {
 public:
  PinnedMemory() = default;
  ~PinnedMemory() { cudaFreeHost(memory_); }
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  [[nodiscard]] std::uint8_t* of_size(std::size_t bytes, const std::string& where) {
    if (bytes <= bytes_) return static_cast<std::uint8_t*>(memory_);
    check(cudaFreeHost(std::exchange(memory_, nullptr)), where);
    bytes_ = 0;
    check(cudaMallocHost(&memory_, bytes), where, kForMemory);
    bytes_ = bytes;
    return static_cast<std::uint8_t*>(memory_);
  }

 private:
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

const AVHWFramesContext& frames_of(const AVFrame& frame) {
  return *reinterpret_cast<const AVHWFramesContext*>(frame.hw_frames_ctx->data);
}

cudaStream_t stream_of(const AVFrame& frame) {
  return static_cast<const AVCUDADeviceContext*>(frames_of(frame).device_ctx->hwctx)->stream;
}

/// Pixel format of the samples in memory.
AVPixelFormat format_of(const AVFrame& frame) {
  return frame.format == AV_PIX_FMT_CUDA ? frames_of(frame).sw_format
                                         : static_cast<AVPixelFormat>(frame.format);
}

class CudaPictureConverter : public PictureConverter {
 public:
  CudaPictureConverter(const std::string& name, const AVFrame& frame, const LaneOptions& lane,
                       std::optional<PictureSize> target, std::int64_t max_pixels)
      : name_(name),
        size_{frame.height, frame.width},
        is_there_(frame.format == AV_PIX_FMT_CUDA),
        format_(format_of(frame)),
        matrix_(display_matrix(frame)),
        target_(target ? *target : scaled_size(size_, lane)) {
    require_pixels(name, size_, target_, max_pixels);
    if (!can_scale(format_)) {
      throw Error(Fault::Unsupported, name,
                  std::string("NVDEC gives frames in the unsupported format ") + av_get_pix_fmt_name(format_),
                  "Use a preset without -gpu for this video");
    }
    const ScalePlan plan = scale_plan(frame, lane, target_);
    job_ = plan.job;
    filters_.emplace(plan, name);
    filters_->set(job_, plan);
    check(cudaEventCreateWithFlags(&made_, cudaEventDisableTiming), name);
  }
  ~CudaPictureConverter() override { cudaEventDestroy(made_); }
  CudaPictureConverter(const CudaPictureConverter&) = delete;
  CudaPictureConverter& operator=(const CudaPictureConverter&) = delete;

  [[nodiscard]] bool fits(const AVFrame& frame) const override {
    return (frame.format == AV_PIX_FMT_CUDA) == is_there_ && frame.height == size_.height &&
           frame.width == size_.width && format_of(frame) == format_ && display_matrix(frame) == matrix_;
  }

  [[nodiscard]] FrameHandle convert(const AVFrame& frame) override {
    const cudaStream_t stream = is_there_ ? stream_of(frame) : cudaStreamPerThread;
    FrameHandle picture{av_allocated(av_frame_alloc())};
    const auto bytes = static_cast<std::size_t>(3 * job_.width * job_.height);
    picture->buf[0] = device_memory(bytes, stream, name_).release();
    picture->format = AV_PIX_FMT_CUDA;
    picture->width = job_.width;
    picture->height = job_.height;
    picture->data[0] = picture->buf[0]->data;
    picture->linesize[0] = 3 * job_.width;
    if (is_there_) {
      set_channels(job_, frame.data, frame.linesize, format_);
    } else {
      bring_over(frame, stream);
    }
    gpu::scale(job_, picture->data[0], stream);
    check(cudaGetLastError(), name_);
    // The decoder may reuse the surface as soon as `frame` is released, the pinned memory is reused for the
    // next frame, and other streams read the result. The kernel takes microseconds, so no blocking-sync event
    // is used.
    check(cudaEventRecord(made_, stream), name_);
    check(cudaEventSynchronize(made_), name_);
    return picture;
  }

  [[nodiscard]] PictureSize target() const noexcept override { return target_; }

 private:
  /// Uploads a frame from host memory.
  void bring_over(const AVFrame& frame, cudaStream_t stream) {
    thread_local PinnedMemory pinned;
    const int bytes = av_image_get_buffer_size(format_, size_.width, size_.height, 1);
    std::uint8_t* const host = pinned.of_size(static_cast<std::size_t>(bytes), name_);
    av_image_copy_to_buffer(host, bytes, frame.data, frame.linesize, format_, size_.width, size_.height, 1);
    if (!source_) source_ = device_memory(static_cast<std::size_t>(bytes), stream, name_);
    check(
        cudaMemcpyAsync(source_->data, host, static_cast<std::size_t>(bytes), cudaMemcpyHostToDevice, stream),
        name_);
    std::uint8_t* planes[4];
    int pitches[4];
    av_image_fill_arrays(planes, pitches, source_->data, format_, size_.width, size_.height, 1);
    set_channels(job_, planes, pitches, format_);
  }

  std::string name_;
  PictureSize size_;
  bool is_there_;  // decoded by NVDEC: already on the device
  AVPixelFormat format_;
  std::optional<DisplayMatrix> matrix_;
  PictureSize target_;
  gpu::ScaleJob job_;
  std::optional<DeviceFilters> filters_;
  BufferHandle source_;
  cudaEvent_t made_ = nullptr;
};

}  // namespace

bool can_convert_on_gpu(const AVFrame& frame) {
  return frame.format == AV_PIX_FMT_CUDA || can_scale(format_of(frame));
}

std::unique_ptr<PictureConverter> cuda_picture_converter(const std::string& name, const AVFrame& frame,
                                                         const LaneOptions& lane,
                                                         std::optional<PictureSize> target,
                                                         std::int64_t max_pixels) {
  return std::make_unique<CudaPictureConverter>(name, frame, lane, target, max_pixels);
}

}  // namespace tvr

#include "extract/cuda/cuda_decoder.h"

#include <cuda_runtime_api.h>

#include <utility>
#include <vector>

extern "C" {
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_cuda.h>
#include <libavutil/pixdesc.h>
}

#include "data/error.h"
#include "extract/cuda/kernels.h"
#include "extract/cuda/scale_plan.h"

namespace tvr {
namespace {

void check(cudaError_t status, const std::string& where) {
  if (status == cudaSuccess) return;
  throw Error(Fault::Device, where, std::string("CUDA: ") + cudaGetErrorString(status));
}

/// Makes the GPU the calling thread's. libav shares its primary context only where that waits by sleeping.
void use_device(int gpu, const std::string& where) {
#if CUDART_VERSION >= 12000  // from then on cudaSetDevice() makes the context
  check(cudaInitDevice(gpu, cudaDeviceScheduleBlockingSync, cudaInitDeviceFlagsAreValid), where);
#endif
  check(cudaSetDevice(gpu), where);
  check(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync), where);
}

Error out_of_memory(const std::string& where) {
  return {Fault::Device, where, "CUDA: " + std::string(cudaGetErrorString(cudaErrorMemoryAllocation)),
          "Use fewer --jobs"};
}

/// Device memory as libav's buffers, so that frames own it.
AVBufferRef* allocate_on_device(void* /*opaque*/, std::size_t bytes) {
  void* memory = nullptr;
  if (cudaMalloc(&memory, bytes) != cudaSuccess) return nullptr;
  const auto release = [](void* /*opaque*/, std::uint8_t* data) { cudaFree(data); };
  AVBufferRef* const buffer =
      av_buffer_create(static_cast<std::uint8_t*>(memory), bytes, release, nullptr, 0);
  if (buffer == nullptr) cudaFree(memory);
  return buffer;
}

/// A filter bank in device memory.
class DeviceFilter {
 public:
  DeviceFilter(const ResampleFilter& filter, const std::string& name) : taps_(filter.taps) {
    const std::size_t first_bytes = filter.first.size() * sizeof(int);
    const std::size_t weight_bytes = filter.weights.size() * sizeof(float);
    memory_.reset(allocate_on_device(nullptr, first_bytes + weight_bytes));
    if (!memory_) throw out_of_memory(name);
    check(cudaMemcpy(memory_->data, filter.first.data(), first_bytes, cudaMemcpyHostToDevice), name);
    check(
        cudaMemcpy(memory_->data + first_bytes, filter.weights.data(), weight_bytes, cudaMemcpyHostToDevice),
        name);
    weights_at_ = first_bytes;
  }
  [[nodiscard]] gpu::FilterView view() const {
    return {taps_, reinterpret_cast<const int*>(memory_->data),
            reinterpret_cast<const float*>(memory_->data + weights_at_)};
  }

 private:
  int taps_;
  BufferHandle memory_;
  std::size_t weights_at_ = 0;
};

const AVHWFramesContext& frames_of(const AVFrame& frame) {
  return *reinterpret_cast<const AVHWFramesContext*>(frame.hw_frames_ctx->data);
}

cudaStream_t stream_of(const AVFrame& frame) {
  return static_cast<const AVCUDADeviceContext*>(frames_of(frame).device_ctx->hwctx)->stream;
}

class CudaPictureConverter : public PictureConverter {
 public:
  CudaPictureConverter(const std::string& name, const AVFrame& frame, const LaneOptions& lane,
                       std::optional<PictureSize> target, std::int64_t max_pixels)
      : name_(name),
        size_{frame.height, frame.width},
        format_(frames_of(frame).sw_format),
        target_(target ? *target : scaled_size(size_, lane)) {
    require_pixels(name, size_, target_, max_pixels);
    if (!can_scale(format_)) {
      throw Error(Fault::Unsupported, name,
                  std::string("NVDEC gives pictures of the format ") + av_get_pix_fmt_name(format_),
                  "Use a preset without -gpu for this video");
    }
    const ScalePlan plan = scale_plan(frame, lane, target_);
    job_ = plan.job;
    for (const ResampleFilter* filter :
         {&plan.y_across, &plan.y_down, &plan.chroma_across, &plan.chroma_down}) {
      filters_.emplace_back(*filter, name);
    }
    job_.y_across = filters_[0].view();
    job_.y_down = filters_[1].view();
    job_.chroma_across = filters_[2].view();
    job_.chroma_down = filters_[3].view();
    const auto bytes = static_cast<std::size_t>(3 * job_.width * job_.height);
    pool_.reset(av_allocated(av_buffer_pool_init2(bytes, nullptr, allocate_on_device, nullptr)));
  }

  [[nodiscard]] bool fits(const AVFrame& frame) const override {
    return frame.format == AV_PIX_FMT_CUDA && frame.height == size_.height && frame.width == size_.width &&
           frames_of(frame).sw_format == format_;
  }

  [[nodiscard]] FrameHandle convert(const AVFrame& frame) override {
    FrameHandle picture{av_allocated(av_frame_alloc())};
    picture->buf[0] = av_buffer_pool_get(pool_.get());
    if (picture->buf[0] == nullptr) throw out_of_memory(name_);
    picture->format = AV_PIX_FMT_CUDA;
    picture->width = job_.width;
    picture->height = job_.height;
    picture->data[0] = picture->buf[0]->data;
    picture->linesize[0] = 3 * job_.width;
    set_channels(job_, frame, format_);
    const cudaStream_t stream = stream_of(frame);
    gpu::scale(job_, picture->data[0], stream);
    check(cudaGetLastError(), name_);
    // The decoder may use the surface again as soon as `frame` is let go, and the picture goes to other
    // streams.
    check(cudaStreamSynchronize(stream), name_);
    return picture;
  }

  [[nodiscard]] PictureSize target() const noexcept override { return target_; }

 private:
  std::string name_;
  PictureSize size_;
  AVPixelFormat format_;
  PictureSize target_;
  gpu::ScaleJob job_;
  std::vector<DeviceFilter> filters_;
  BufferPoolHandle pool_;
};

}  // namespace

BufferHandle cuda_decoder(int gpu) {
  const std::string where = "NVDEC on GPU " + std::to_string(gpu);
  use_device(gpu, where);
  BufferHandle device;
  AVBufferRef* made = nullptr;
  const int status = av_hwdevice_ctx_create(&made, AV_HWDEVICE_TYPE_CUDA, std::to_string(gpu).c_str(),
                                            nullptr, AV_CUDA_USE_PRIMARY_CONTEXT);
  if (status < 0) {
    throw Error(Fault::Unsupported, where, "libav cannot open it: " + av_words(status),
                "Look at nvidia-smi, and whether the driver's libnvcuvid.so.1 is there; or use a preset "
                "without -gpu");
  }
  device.reset(made);
  auto* const context = reinterpret_cast<AVHWDeviceContext*>(made->data);
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), where);
  static_cast<AVCUDADeviceContext*>(context->hwctx)->stream = stream;
  context->user_opaque = stream;
  // libav has no owner for a stream that it was given: it goes with the device.
  context->free = [](AVHWDeviceContext* ended) {
    cudaStreamDestroy(static_cast<cudaStream_t>(ended->user_opaque));
  };
  return device;
}

std::unique_ptr<PictureConverter> cuda_picture_converter(const std::string& name, const AVFrame& frame,
                                                         const LaneOptions& lane,
                                                         std::optional<PictureSize> target,
                                                         std::int64_t max_pixels) {
  return std::make_unique<CudaPictureConverter>(name, frame, lane, target, max_pixels);
}

}  // namespace tvr

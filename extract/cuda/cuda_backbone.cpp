#include "extract/cuda/cuda_backbone.h"

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "data/error.h"
#include "data/mutex.h"
#include "extract/cuda/check.h"
#include "extract/cuda/kernels.h"
#include "extract/cuda/torch_network.h"
#include "extract/networks/preprocess.h"

namespace tvr {
namespace {

constexpr const char* kForMemory = "Use a smaller --clip-batch";

struct BatchSize {
  std::int64_t clips = 0, frames = 0, height = 0, width = 0;
  [[nodiscard]] bool holds(const BatchSize& other) const noexcept {
    return clips >= other.clips && frames == other.frames && height == other.height && width == other.width;
  }
  [[nodiscard]] std::int64_t pictures() const noexcept { return clips * frames; }
  [[nodiscard]] std::int64_t picture_bytes() const noexcept { return 3 * height * width; }
};

/// Host and device buffers of one batch, used before and after its pass while the GPU works on others. One
/// thread fills it; it is reused only after its batch has finished.
class Staging {
 public:
  Staging(const BatchSize& size, std::int64_t dim) {
    const at::TensorOptions pinned = at::TensorOptions(at::kCPU).pinned_memory(true);
    host_table_ = at::zeros({size.pictures()}, pinned.dtype(at::kLong));
    host_pictures_ = at::empty({size.pictures(), size.picture_bytes()}, pinned.dtype(at::kByte));
    pictures_ =
        at::empty({size.pictures(), size.picture_bytes()}, at::TensorOptions(at::kCUDA).dtype(at::kByte));
    rows_ = at::empty({size.clips, dim}, pinned.dtype(at::kFloat));
  }

  /// Registers where each frame is; frames in host memory are copied side by side into pinned memory.
  void fill(const std::vector<const Clip*>& clips, const BatchSize& size) {
    auto* const table = reinterpret_cast<const std::uint8_t**>(host_table_.data_ptr());
    std::fill_n(table, size.pictures(), nullptr);
    const std::int64_t bytes = size.picture_bytes();
    uploaded_ = 0;
    for (std::size_t c = 0; c < clips.size(); ++c) {
      const Clip& clip = *clips[c];
      const std::uint8_t** const places = table + static_cast<std::int64_t>(c) * size.frames;
      if (const auto* const on_gpu = std::get_if<GpuFrames>(&clip.pixels)) {
        for (int frame = 0; frame < clip.frames; ++frame)
          places[frame] = (*on_gpu)[static_cast<std::size_t>(frame)].get();
        continue;
      }
      const HostFrames& rgb = clip.rgb();
      std::memcpy(host_pictures_.data_ptr<std::uint8_t>() + uploaded_, rgb.data(), rgb.size());
      for (int frame = 0; frame < clip.frames; ++frame)
        places[frame] = pictures_.data_ptr<std::uint8_t>() + uploaded_ + frame * bytes;
      uploaded_ += clip.frames * bytes;
    }
  }

  /// Uploads the frames on `stream`.
  void upload(const c10::cuda::CUDAStream& stream) {
    check(cudaMemcpyAsync(pictures_.data_ptr(), host_pictures_.data_ptr(),
                          static_cast<std::size_t>(uploaded_), cudaMemcpyHostToDevice, stream),
          "upload", kForMemory);
    uploaded_at_.record(stream);
  }

  /// Network input and output; both wait for earlier work on `stream`.
  void begin(const at::Tensor& table, const c10::cuda::CUDAStream& stream) {
    uploaded_at_.block(stream);
    table.copy_(host_table_, true);
  }
  void end(const at::Tensor& rows, const c10::cuda::CUDAStream& stream) {
    rows_.copy_(rows, true);
    ended_at_.record(stream);
  }

  /// Waits for the batch and copies its rows; `rows` has at least [rows.rows(), dim].
  void finish(Matrix& rows) {
    ended_at_.synchronize();
    std::memcpy(rows.data(), rows_.data_ptr<float>(),
                static_cast<std::size_t>(rows.rows() * rows.cols()) * sizeof(float));
  }

 private:
  static constexpr unsigned kSleep =
      cudaEventBlockingSync | cudaEventDisableTiming;  // waiting threads sleep: cores are for decoders
  at::Tensor host_table_, host_pictures_, pictures_, rows_;
  std::int64_t uploaded_ = 0;  // bytes
  at::cuda::CUDAEvent uploaded_at_{kSleep}, ended_at_{kSleep};
};

/// The network for one batch size: the whole pass as a CUDA graph, and idle staging buffers. Not thread-safe.
class CudaPlan {
 public:
  CudaPlan(const TorchNetwork& network, const BatchSize& size) : network_(network), size_(size) {
    const at::TensorOptions device = at::TensorOptions(at::kCUDA);
    table_ = at::zeros({size.pictures()}, device.dtype(at::kLong));
    const bool is_3d = network.network().spatial_dims == 3;
    input_ = is_3d ? at::empty({size.clips, 3, size.frames, size.height, size.width},
                               device.dtype(network.type()), at::MemoryFormat::ChannelsLast3d)
                   : at::empty({size.clips, 3, size.height, size.width}, device.dtype(network.type()),
                               at::MemoryFormat::ChannelsLast);
    capture();
  }

  [[nodiscard]] const BatchSize& size() const noexcept { return size_; }

  [[nodiscard]] std::unique_ptr<Staging> take() {
    if (idle_.empty()) return std::make_unique<Staging>(size_, network_.network().dim());
    std::unique_ptr<Staging> staging = std::move(idle_.back());
    idle_.pop_back();
    return staging;
  }
  void give_back(std::unique_ptr<Staging> staging) { idle_.push_back(std::move(staging)); }

  /// Enqueues a pass on the current stream; the upload uses a stream of its own.
  void run(Staging& staging, const c10::cuda::CUDAStream& upload) {
    const c10::cuda::CUDAStream stream = at::cuda::getCurrentCUDAStream();
    staging.upload(upload);
    staging.begin(table_, stream);
    graph_.replay();
    check(cudaGetLastError(), "CUDA graph", kForMemory);
    staging.end(output_, stream);
  }

 private:
  void capture() {
    static Mutex one_at_a_time;  // LibTorch's allocator is shared by the whole process
    const MutexLock lock(one_at_a_time);
    normalize();
    for (int pass = 0; pass < 3; ++pass) output_ = network_.forward(input_);  // cuDNN chooses its kernels
    at::cuda::getCurrentCUDAStream().synchronize();
    // Other threads decode and allocate meanwhile, which the default capture mode forbids.
    graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    normalize();
    output_ = network_.forward(input_);
    graph_.capture_end();
  }

  void normalize() {
    gpu::normalize(reinterpret_cast<const std::uint8_t* const*>(table_.data_ptr()),
                   static_cast<int>(size_.pictures()), static_cast<int>(size_.height),
                   static_cast<int>(size_.width), network_.network().normalization,
                   value_type(network_.type()), input_.data_ptr(), at::cuda::getCurrentCUDAStream());
  }

  const TorchNetwork& network_;
  BatchSize size_;
  at::Tensor table_, input_, output_;
  at::cuda::CUDAGraph graph_;
  std::vector<std::unique_ptr<Staging>> idle_;
};

class CudaBackbone : public Backbone {
 public:
  CudaBackbone(Network network, const NamedTensors& weights, const BackboneOptions& options)
      : device_(at::kCUDA, static_cast<at::DeviceIndex>(options.gpu)),
        stream_(at::cuda::getStreamFromPool(false, device_.index())),
        upload_(at::cuda::getStreamFromPool(false, device_.index())),
        network_(std::move(network), weights, device_, scalar_type(options.precision)) {
    // A process-wide setting; all networks of a run have the same precision.
    at::globalContext().setAllowTF32CuDNN(options.precision == Precision::Tf32);
    at::globalContext().setAllowTF32CuBLAS(options.precision == Precision::Tf32);
    at::globalContext().setBenchmarkCuDNN(true);
  }

  [[nodiscard]] int dim() const noexcept override { return network_.network().dim(); }
  [[nodiscard]] int clip_frames() const noexcept override { return network_.network().clip_frames; }

  [[nodiscard]] Matrix forward(const std::vector<const Clip*>& clips) const override {
    require_one_size(clips, clip_frames());
    BatchSize size{1, clip_frames(), clips.front()->height, clips.front()->width};
    while (size.clips < static_cast<std::int64_t>(clips.size())) size.clips *= 2;
    Matrix rows(static_cast<std::int64_t>(clips.size()), dim());
    const c10::cuda::CUDAGuard device(device_);
    const c10::cuda::CUDAStreamGuard stream(stream_);
    try {
      run(clips, size, rows);
    } catch (const c10::Error& problem) {
      throw Error(Fault::Device, "the GPU", problem.what_without_backtrace(), kForMemory);
    }
    return rows;
  }

 private:
  /// Copies to and from pinned memory happen outside the lock, while the GPU works on other batches.
  void run(const std::vector<const Clip*>& clips, const BatchSize& size, Matrix& rows) const {
    std::shared_ptr<CudaPlan> plan;
    std::unique_ptr<Staging> staging;
    {
      const MutexLock lock(mutex_);
      plan = plan_for(size);
      staging = plan->take();
    }
    staging->fill(clips, plan->size());
    {
      const MutexLock lock(mutex_);
      plan->run(*staging, upload_);
    }
    staging->finish(rows);
    const MutexLock lock(mutex_);
    plan->give_back(std::move(staging));
  }

  /// A plan that holds the batch. Building a plan takes seconds; running one that is too large costs
  /// milliseconds. Frame sizes vary between videos, so the least recently used plan is dropped.
  std::shared_ptr<CudaPlan> plan_for(const BatchSize& size) const TVR_REQUIRES(mutex_) {
    constexpr std::size_t kMostPlans = 8;
    const auto found = std::find_if(plans_.begin(), plans_.end(),
                                    [&](const auto& plan) { return plan->size().holds(size); });
    if (found != plans_.end()) {
      plans_.splice(plans_.begin(), plans_, found);
    } else {
      if (plans_.size() == kMostPlans) plans_.pop_back();
      plans_.push_front(std::make_shared<CudaPlan>(network_, size));
    }
    return plans_.front();
  }

  at::Device device_;
  c10::cuda::CUDAStream stream_, upload_;
  TorchNetwork network_;
  mutable Mutex mutex_;
  mutable std::list<std::shared_ptr<CudaPlan>> plans_ TVR_GUARDED_BY(mutex_);  // most recently used first
};

}  // namespace

std::unique_ptr<Backbone> cuda_backbone(Network network, const NamedTensors& weights,
                                        const BackboneOptions& options) {
  return std::make_unique<CudaBackbone>(std::move(network), weights, options);
}

}  // namespace tvr

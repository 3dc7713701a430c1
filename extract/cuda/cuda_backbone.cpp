#include "extract/cuda/cuda_backbone.h"

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "data/error.h"
#include "extract/cuda/kernels.h"
#include "extract/cuda/torch_network.h"
#include "extract/preprocess.h"

namespace tvr {
namespace {

struct BatchSize {
  std::int64_t clips = 0, frames = 0, height = 0, width = 0;
  [[nodiscard]] bool holds(const BatchSize& other) const noexcept {
    return clips >= other.clips && frames == other.frames && height == other.height && width == other.width;
  }
  [[nodiscard]] std::int64_t pictures() const noexcept { return clips * frames; }
  [[nodiscard]] std::int64_t picture_bytes() const noexcept { return 3 * height * width; }
};

at::ScalarType type_of(Precision precision) {
  switch (precision) {
    case Precision::Fp16:
      return at::kHalf;
    case Precision::Bf16:
      return at::kBFloat16;
    default:
      return at::kFloat;
  }
}

gpu::InputType input_type(at::ScalarType type) {
  return type == at::kHalf       ? gpu::InputType::Fp16
         : type == at::kBFloat16 ? gpu::InputType::Bf16
                                 : gpu::InputType::Fp32;
}

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  const bool no_memory = status == cudaErrorMemoryAllocation;
  throw Error(Fault::Device, what, cudaGetErrorString(status), no_memory ? "Use a smaller --clip-batch" : "");
}

/// A network for one batch size: its buffers on both sides, and the whole pass as a CUDA graph.
class CudaPlan {
 public:
  CudaPlan(const TorchNetwork& network, const BatchSize& size) : network_(network), size_(size) {
    const at::TensorOptions device = at::TensorOptions(at::kCUDA);
    const at::TensorOptions pinned = at::TensorOptions(at::kCPU).pinned_memory(true);
    host_table_ = at::zeros({size.pictures()}, pinned.dtype(at::kLong));
    table_ = at::zeros({size.pictures()}, device.dtype(at::kLong));
    host_pictures_ = at::empty({size.pictures(), size.picture_bytes()}, pinned.dtype(at::kByte));
    pictures_ = at::empty({size.pictures(), size.picture_bytes()}, device.dtype(at::kByte));
    const bool is_3d = network.network().spatial_dims == 3;
    input_ = is_3d ? at::empty({size.clips, 3, size.frames, size.height, size.width},
                               device.dtype(network.type()), at::MemoryFormat::ChannelsLast3d)
                   : at::empty({size.clips, 3, size.height, size.width}, device.dtype(network.type()),
                               at::MemoryFormat::ChannelsLast);
    capture();
  }

  [[nodiscard]] const BatchSize& size() const noexcept { return size_; }

  /// rows: at least [clips.size(), dim].
  void run(const std::vector<const Clip*>& clips, Matrix& rows) {
    fill(clips);
    graph_.replay();
    check(cudaGetLastError(), "CUDA graph");
    const auto count = static_cast<std::int64_t>(clips.size());
    const at::Tensor result = output_.slice(0, 0, count).to(at::kCPU).contiguous();
    std::memcpy(rows.data(), result.data_ptr<float>(),
                static_cast<std::size_t>(result.numel()) * sizeof(float));
  }

 private:
  void capture() {
    static std::mutex one_at_a_time;  // LibTorch's allocator is for the whole process
    const std::lock_guard lock(one_at_a_time);
    normalize();
    for (int pass = 0; pass < 3; ++pass) output_ = network_.forward(input_);  // cuDNN chooses its kernels
    at::cuda::getCurrentCUDAStream().synchronize();
    // Other threads decode and allocate meanwhile, which the default mode forbids.
    graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    normalize();
    output_ = network_.forward(input_);
    graph_.capture_end();
  }

  void normalize() {
    gpu::normalize(reinterpret_cast<const std::uint8_t* const*>(table_.data_ptr()),
                   static_cast<int>(size_.pictures()), static_cast<int>(size_.height),
                   static_cast<int>(size_.width), network_.network().normalization,
                   input_type(network_.type()), input_.data_ptr(), at::cuda::getCurrentCUDAStream());
  }

  /// Says where each picture lies; those in host memory are brought over in one copy.
  void fill(const std::vector<const Clip*>& clips) {
    auto* const table = reinterpret_cast<const std::uint8_t**>(host_table_.data_ptr());
    std::fill_n(table, size_.pictures(), nullptr);
    std::int64_t uploaded = 0;
    for (std::size_t c = 0; c < clips.size(); ++c) {
      const Clip& clip = *clips[c];
      for (int frame = 0; frame < clip.frames; ++frame) {
        const std::uint8_t*& place = table[static_cast<std::int64_t>(c) * size_.frames + frame];
        place = clip.on_gpu() ? clip.gpu_pictures[static_cast<std::size_t>(frame)].get()
                              : stage(clip, frame, uploaded++);
      }
    }
    const cudaStream_t stream = at::cuda::getCurrentCUDAStream();
    const auto bytes = static_cast<std::size_t>(uploaded * size_.picture_bytes());
    if (uploaded > 0) {
      check(cudaMemcpyAsync(pictures_.data_ptr(), host_pictures_.data_ptr(), bytes, cudaMemcpyHostToDevice,
                            stream),
            "upload");
    }
    check(cudaMemcpyAsync(table_.data_ptr(), host_table_.data_ptr(),
                          static_cast<std::size_t>(size_.pictures()) * sizeof(void*), cudaMemcpyHostToDevice,
                          stream),
          "upload");
  }

  /// Copies a picture into the pinned buffer; returns where it will lie on the device.
  const std::uint8_t* stage(const Clip& clip, int frame, std::int64_t slot) {
    const std::int64_t bytes = size_.picture_bytes();
    std::memcpy(host_pictures_.data_ptr<std::uint8_t>() + slot * bytes, clip.rgb.data() + frame * bytes,
                static_cast<std::size_t>(bytes));
    return pictures_.data_ptr<std::uint8_t>() + slot * bytes;
  }

  const TorchNetwork& network_;
  BatchSize size_;
  at::Tensor host_table_, table_, host_pictures_, pictures_, input_, output_;
  at::cuda::CUDAGraph graph_;
};

class CudaBackbone : public Backbone {
 public:
  CudaBackbone(Network network, const NamedTensors& weights, const BackboneOptions& options)
      : device_(at::kCUDA, static_cast<at::DeviceIndex>(options.gpu)),
        stream_(at::cuda::getStreamFromPool(false, device_.index())),
        network_(std::move(network), weights, device_, type_of(options.precision)) {
    // Of the whole process; every network of a run has one precision.
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
    const std::lock_guard lock(mutex_);
    const c10::cuda::CUDAGuard device(device_);
    const c10::cuda::CUDAStreamGuard stream(stream_);
    try {
      plan_for(size).run(clips, rows);
    } catch (const c10::Error& problem) {
      throw Error(Fault::Device, "the GPU", problem.what_without_backtrace(), "Use a smaller --clip-batch");
    }
    return rows;
  }

 private:
  /// A plan that holds the batch: making one takes seconds, running one that is too large milliseconds.
  /// Pictures of other sizes come and go; the plan that was longest unused is dropped.
  CudaPlan& plan_for(const BatchSize& size) const {
    constexpr std::size_t kMostPlans = 8;
    const auto found =
        std::find_if(plans_.begin(), plans_.end(), [&](const CudaPlan& p) { return p.size().holds(size); });
    if (found != plans_.end()) {
      plans_.splice(plans_.begin(), plans_, found);
    } else {
      if (plans_.size() == kMostPlans) plans_.pop_back();
      plans_.emplace_front(network_, size);
    }
    return plans_.front();
  }

  at::Device device_;
  c10::cuda::CUDAStream stream_;
  TorchNetwork network_;
  mutable std::mutex mutex_;
  mutable std::list<CudaPlan> plans_;  // newest first
};

}  // namespace

std::unique_ptr<Backbone> cuda_backbone(Network network, const NamedTensors& weights,
                                        const BackboneOptions& options) {
  return std::make_unique<CudaBackbone>(std::move(network), weights, options);
}

}  // namespace tvr

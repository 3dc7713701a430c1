#include "extract/networks/backbone.h"

#include <omp.h>

#include <algorithm>

#include "data/error.h"
#include "data/fingerprint.h"
#include "data/mutex.h"
#include "data/tensors/tensor_file.h"
#include "extract/cuda/cuda_backbone.h"
#include "extract/gpu.h"
#include "extract/networks/cpu_plan.h"
#include "extract/networks/cpu_weights.h"
#include "extract/networks/demo_networks.h"
#include "extract/networks/plugin.h"
#include "extract/networks/plugin_backbone.h"
#include "extract/networks/preprocess.h"
#include "extract/networks/resnet.h"
#include "extract/networks/tower_backbone.h"
#include "towers/encoder_folder.h"
#include "towers/onednn.h"

namespace tvr {
namespace {

struct KnownNetwork {
  const char* model;
  const char* lane;
  Network (*build)();
};

const KnownNetwork kNetworks[] = {
    {"resnet18", "2d",
     [] {
       return resnet2d({2, 2, 2, 2}, false);
     }},
    {"resnet34", "2d",
     [] {
       return resnet2d({3, 4, 6, 3}, false);
     }},
    {"resnet50", "2d",
     [] {
       return resnet2d({3, 4, 6, 3}, true);
     }},
    {"resnet101", "2d",
     [] {
       return resnet2d({3, 4, 23, 3}, true);
     }},
    {"resnet152", "2d",
     [] {
       return resnet2d({3, 8, 36, 3}, true);
     }},
    {"resnet18-3d", "3d",
     [] {
       return resnet3d({2, 2, 2, 2}, Block3d::Basic);
     }},
    {"resnet34-3d", "3d",
     [] {
       return resnet3d({3, 4, 6, 3}, Block3d::Basic);
     }},
    {"resnet50-3d", "3d",
     [] {
       return resnet3d({3, 4, 6, 3}, Block3d::Bottleneck);
     }},
    {"resnet101-3d", "3d",
     [] {
       return resnet3d({3, 4, 23, 3}, Block3d::Bottleneck);
     }},
    {"resnext50", "3d",
     [] {
       return resnet3d({3, 4, 6, 3}, Block3d::ResNeXt);
     }},
    {"resnext101", "3d",
     [] {
       return resnet3d({3, 4, 23, 3}, Block3d::ResNeXt);
     }},
    {"demo2d", "2d", demo2d},
    {"demo3d", "3d", demo3d},
};

Network network_named(const std::string& model) {
  std::string names;
  for (const KnownNetwork& known : kNetworks) {
    if (model == known.model) return known.build();
    names += (names.empty() ? "" : ", ") + std::string(known.model);
  }
  throw Error(Fault::InvalidArgument, "model", "'" + model + "' is not known", "Known models: " + names);
}

class CpuBackbone : public Backbone {
 public:
  CpuBackbone(Network network, const NamedTensors& weights, const BackboneOptions& options)
      : network_(std::move(network)),
        weights_(network_, weights,
                 options.precision == Precision::Bf16 ? dnnl::memory::data_type::bf16
                                                      : dnnl::memory::data_type::f32,
                 dnnl::engine(dnnl::engine::kind::cpu, 0)) {}

  [[nodiscard]] int dim() const noexcept override { return network_.dim(); }
  [[nodiscard]] int clip_frames() const noexcept override { return network_.clip_frames; }

  [[nodiscard]] Matrix forward(const std::vector<const Clip*>& clips) const override {
    const BatchShape shape = shape_of(clips);
    omp_set_num_threads(1);  // for the calling thread's parallel regions, including oneDNN's
    try {
      std::unique_ptr<CpuPlan> plan = take(shape);
      preprocess(clips, shape.frames, network_.normalization, plan->input());
      Matrix rows(shape.clips, dim());
      plan->run(rows.data());
      give_back(std::move(plan));
      return rows;
    } catch (const dnnl::error& problem) {
      throw Error(Fault::Unsupported, "oneDNN", problem.what(), "Try --precision fp32");
    }
  }

 private:
  [[nodiscard]] BatchShape shape_of(const std::vector<const Clip*>& clips) const {
    require_one_size(clips, network_.clip_frames);
    const Clip& first = *clips.front();
    return {static_cast<int>(clips.size()), network_.clip_frames, first.height, first.width};
  }

  /// An idle plan for this shape, or a new one.
  [[nodiscard]] std::unique_ptr<CpuPlan> take(const BatchShape& shape) const {
    {
      const MutexLock lock(mutex_);
      const auto found =
          std::find_if(idle_.begin(), idle_.end(), [&](const auto& plan) { return plan->shape() == shape; });
      if (found != idle_.end()) {
        std::unique_ptr<CpuPlan> plan = std::move(*found);
        idle_.erase(found);
        return plan;
      }
    }
    return std::make_unique<CpuPlan>(network_, weights_, shape);
  }

  /// Returns the plan for the next batch of its shape. Frame sizes vary between videos: the least recently
  /// used plans are dropped.
  void give_back(std::unique_ptr<CpuPlan> plan) const {
    constexpr std::size_t kMostIdleBytes = 256U << 20U;
    const MutexLock lock(mutex_);
    idle_.push_back(std::move(plan));
    std::size_t bytes = 0;
    for (const auto& idle : idle_) bytes += idle->bytes();
    for (; bytes > kMostIdleBytes; idle_.erase(idle_.begin())) bytes -= idle_.front()->bytes();
  }

  Network network_;
  mutable CpuWeights weights_;  // thread-safe
  mutable Mutex mutex_;
  mutable std::vector<std::unique_ptr<CpuPlan>> idle_ TVR_GUARDED_BY(mutex_);
};

/// Whether the network runs on a GPU.
bool on_gpu(const BackboneOptions& options) {
  if (options.device == Device::Cuda) {
    require_gpu(options.gpu);
    return true;
  }
  return options.device == Device::Auto && gpu_count() > 0;
}

void require_able_cpu(const BackboneOptions& options) {
  if (options.precision == Precision::Bf16 && !onednn::has_bf16()) {
    throw Error(Fault::Unsupported, "--precision bf16",
                "this CPU has no bf16 arithmetic (AVX512-BF16 or AMX), so it would be slower than fp32",
                "Use --precision fp32");
  }
  if (options.precision == Precision::Fp16 || options.precision == Precision::Tf32) {
    throw Error(Fault::Unsupported, std::string("--precision ") + kPrecisions.name(options.precision),
                "it needs a GPU, but the network runs on the CPU", "Use --precision fp32 or bf16");
  }
}

std::unique_ptr<Backbone> built(Network network, const NamedTensors& weights,
                                const BackboneOptions& options) {
  if (on_gpu(options)) return cuda_backbone(std::move(network), weights, options);
  return std::make_unique<CpuBackbone>(std::move(network), weights, options);
}

}  // namespace

std::vector<BackboneName> backbone_names() {
  std::vector<BackboneName> names;
  for (const KnownNetwork& known : kNetworks) names.push_back({known.model, known.lane});
  return names;
}

std::string weights_id(const BackboneOptions& options) {
  if (is_plugin(options.model)) return plugin_id(options.model);
  if (is_encoder(options.model)) return encoder_id(read_encoder(options.model));
  return options.weights.empty() ? "random:seed=" + std::to_string(options.random_seed)
                                 : "sha256:" + sha256_file(options.weights);
}

std::unique_ptr<Backbone> load_backbone(const BackboneOptions& options) {
  if (!on_gpu(options)) require_able_cpu(options);
  if (is_plugin(options.model)) return load_plugin(options.model);
  if (is_encoder(options.model)) return load_image_tower(options, on_gpu(options));
  Network network = network_named(options.model);
  if (options.weights.empty()) {
    const NamedTensors weights = random_weights(network, options.random_seed);
    return built(std::move(network), weights, options);
  }
  const NamedTensors weights = read_weights(options.weights);
  if (network.spatial_dims == 3 && is_shortcut_a(weights)) network = with_shortcut_a(std::move(network));
  require_fit(network, weights, options.weights.string());
  require_finite(weights, options.weights.string());
  return built(std::move(network), weights, options);
}

}  // namespace tvr

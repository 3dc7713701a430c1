#pragma once

#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "data/mutex.h"
#include "data/tensors/tensor.h"
#include "extract/networks/bf16/convolution.h"
#include "extract/networks/network.h"

namespace tvr {

/// The step as a convolution of networks/bf16, without the sizes of its source.
[[nodiscard]] bf16::Convolution in_bf16(const NetworkStep& step, int groups, bf16::Unit unit);

/// The weights of a network on the CPU: batch normalisation folded into the convolutions, kept in the layouts
/// that the kernels (oneDNN's or ours) need, shared by all plans. Thread-safe.
class CpuWeights {
 public:
  /// `type`: f32 or bf16, of the convolution weights; biases are f32.
  CpuWeights(const Network& network, const NamedTensors& weights, dnnl::memory::data_type type,
             const dnnl::engine& engine);

  [[nodiscard]] const dnnl::engine& engine() const noexcept { return engine_; }
  [[nodiscard]] dnnl::memory::data_type type() const noexcept { return type_; }
  /// Whether the first step uses the weights of unfolded(step), so that its input must be unfolded.
  [[nodiscard]] bool unfolds_input() const noexcept { return unfolds_input_; }
  /// Whether convolutions prefer channels in blocks of 16 (nChw16c), as our kernels require.
  [[nodiscard]] bool prefers_blocks() const noexcept { return blocks_; }
  /// What multiplies for the kernel Bf16.
  [[nodiscard]] bf16::Unit unit() const noexcept { return unit_; }
  /// The kernel that computes the step.
  enum class Kernel { Library, Pointwise, Winograd, Grouped, Stem, Bf16, Bf16Grouped };
  [[nodiscard]] Kernel kernel(std::size_t step) const noexcept { return steps_[step].kernel; }
  /// Groups in the packed weights: the step's, or fewer if neighbouring groups were merged.
  [[nodiscard]] int groups(std::size_t step) const noexcept { return steps_[step].groups; }
  /// The packed weights of a step with one of our kernels: float, for Bf16 and Bf16Grouped bf16::Bf16.
  [[nodiscard]] const void* panels(std::size_t step) const { return steps_[step].panels.get_data_handle(); }
  /// The weights of a step in this oneDNN layout; reordered on first use.
  [[nodiscard]] dnnl::memory packed(std::size_t step, const dnnl::memory::desc& layout);
  [[nodiscard]] const dnnl::memory& bias(std::size_t step) const noexcept { return steps_[step].bias; }
  /// A description of a step's weights, [(g,) out, in, (t,) h, w], in any layout.
  [[nodiscard]] dnnl::memory::desc any_layout(std::size_t step) const;

 private:
  struct Step {
    dnnl::memory::dims dims;
    dnnl::memory panels;  // for a kernel of ours
    dnnl::memory bias;
    Kernel kernel = Kernel::Library;
    int groups = 1;
  };
  /// The weights of a step that oneDNN runs.
  struct Packed {
    std::vector<dnnl::memory> layouts;
    bool plain = true;  // layouts holds only the plain weights
  };
  dnnl::engine engine_;
  dnnl::memory::data_type type_;
  bool blocks_;
  bool unfolds_input_ = false;
  bf16::Unit unit_ = bf16::Unit::Vectors;
  std::vector<Step> steps_;  // parallel to the network's steps; empty for pools
  Mutex mutex_;
  std::vector<Packed> packed_ TVR_GUARDED_BY(mutex_);  // parallel to steps_
};

}  // namespace tvr

#pragma once

#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "data/mutex.h"
#include "data/tensors/tensor.h"
#include "extract/networks/amx/convolution.h"
#include "extract/networks/network.h"

namespace tvr {

/// The step as extract/amx knows it, but for the sizes of its source.
[[nodiscard]] amx::Convolution tiled(const NetworkStep& step, int groups);

/// The weights of a network on the CPU: batch normalisation folded into the convolutions, kept in the layouts
/// that the kernels ask for, oneDNN's or ours, shared by all plans. Safe from many threads.
class CpuWeights {
 public:
  /// `type`: f32 or bf16, of the convolutions' weights; biases are f32.
  CpuWeights(const Network& network, const NamedTensors& weights, dnnl::memory::data_type type,
             const dnnl::engine& engine);

  [[nodiscard]] const dnnl::engine& engine() const noexcept { return engine_; }
  [[nodiscard]] dnnl::memory::data_type type() const noexcept { return type_; }
  /// Whether the first step's weights are those of unfolded(step), and its input is to be unfolded.
  [[nodiscard]] bool unfolds_input() const noexcept { return unfolds_input_; }
  /// Whether convolutions lie best with 16 channels side by side (nChw16c), as kernels of ours take them.
  [[nodiscard]] bool prefers_blocks() const noexcept { return blocks_; }
  /// Whose kernel computes the step.
  enum class Kernel { Library, Pointwise, Winograd, Grouped, Stem, Tiles };
  [[nodiscard]] Kernel kernel(std::size_t step) const noexcept { return steps_[step].kernel; }
  /// Groups of the weights: the step's, or fewer where neighbours were joined.
  [[nodiscard]] int groups(std::size_t step) const noexcept { return steps_[step].groups; }
  /// The weights of a step with a kernel of ours, as that takes them: float, for Tiles amx::Bf16.
  [[nodiscard]] const void* panels(std::size_t step) const { return steps_[step].panels.get_data_handle(); }
  /// The weights of a step in this layout of oneDNN's; reordered the first time it is asked for.
  [[nodiscard]] dnnl::memory packed(std::size_t step, const dnnl::memory::desc& layout);
  [[nodiscard]] const dnnl::memory& bias(std::size_t step) const noexcept { return steps_[step].bias; }
  /// [(g,) out, in, (t,) h, w] of a step, in any layout.
  [[nodiscard]] dnnl::memory::desc any_layout(std::size_t step) const;

 private:
  struct Step {
    dnnl::memory::dims dims;
    dnnl::memory panels;  // for a kernel of ours
    dnnl::memory bias;
    Kernel kernel = Kernel::Library;
    int groups = 1;
  };
  /// The weights of a step of the library's.
  struct Packed {
    std::vector<dnnl::memory> layouts;
    bool plain = true;  // layouts holds the unpacked weights only
  };
  dnnl::engine engine_;
  dnnl::memory::data_type type_;
  bool blocks_;
  bool unfolds_input_ = false;
  std::vector<Step> steps_;  // as the network's; empty for pools
  Mutex mutex_;
  std::vector<Packed> packed_ TVR_GUARDED_BY(mutex_);  // as steps_
};

}  // namespace tvr

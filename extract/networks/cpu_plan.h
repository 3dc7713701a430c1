#pragma once

#include <functional>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "extract/networks/cpu_weights.h"
#include "extract/networks/network.h"

namespace tvr {

/// Sizes of a batch; 2D networks have frames 1.
struct BatchShape {
  int clips = 1, frames = 1, height = 0, width = 0;
  friend bool operator==(const BatchShape& a, const BatchShape& b) noexcept {
    return a.clips == b.clips && a.frames == b.frames && a.height == b.height && a.width == b.width;
  }
};

/// A network laid out for one batch shape: kernels with convolution, residual sum and ReLU in one, oneDNN's
/// or ours, and the memory of all values, which share buffers as soon as they are no longer needed. Used by
/// one thread at a time.
class CpuPlan {
 public:
  /// `weights` must outlive the plan.
  CpuPlan(const Network& network, CpuWeights& weights, const BatchShape& shape);

  [[nodiscard]] const BatchShape& shape() const noexcept { return shape_; }
  /// Of all its buffers.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// Where the input goes before run(): float32 [clips, 3, (frames,) height, width].
  [[nodiscard]] float* input() noexcept { return static_cast<float*>(input_.get_data_handle()); }
  /// Runs the network; writes the mean over time, height and width of its last value, [clips, dim], to
  /// `rows`.
  void run(float* rows);

 private:
  /// A buffer that several values use one after the other.
  struct Value {
    dnnl::memory::desc layout;
    std::size_t buffer = 0;
  };
  using Arguments = std::unordered_map<int, dnnl::memory>;  // by oneDNN's numbers
  struct Execution {
    std::function<void(const Arguments&)> run;
    std::vector<std::pair<int, std::size_t>> values;  // argument, index into values_
    Arguments arguments;                              // weights and bias; values are filled in at the end
  };
  /// How a convolution is computed, and what it works on.
  struct Convolution {
    dnnl::memory::desc source, result, scratchpad;
    std::function<void(const Arguments&)> run;
    Arguments arguments;
  };

  std::size_t new_value(const dnnl::memory::desc& layout);
  std::size_t reordered(std::size_t value, const dnnl::memory::desc& layout);
  void reorder(std::size_t from, std::size_t to);
  void release(std::size_t value);
  [[nodiscard]] std::function<void(const Arguments&)> runner(const dnnl::primitive& primitive);
  [[nodiscard]] Convolution library_convolution(const NetworkStep& step, std::size_t index,
                                                const dnnl::memory::desc& source, bool add_result);
  [[nodiscard]] Convolution own_convolution(const NetworkStep& step, std::size_t index,
                                            const dnnl::memory::desc& source, bool add_result) const;
  std::size_t convolve(const NetworkStep& step, std::size_t index, std::size_t source, std::size_t residual,
                       bool residual_dies);
  std::size_t pool(const NetworkStep& step, std::size_t source);
  void keep_scratchpad(const dnnl::memory::desc& layout);
  void allocate();

  const Network& network_;
  CpuWeights& weights_;
  BatchShape shape_;
  dnnl::stream stream_;
  dnnl::memory input_, unfolded_, result_;
  std::vector<Value> values_;
  std::vector<std::size_t> buffer_bytes_;
  std::vector<std::size_t> free_buffers_;
  std::size_t scratchpad_bytes_ = 0, bytes_ = 0;
  std::vector<std::pair<std::size_t, dnnl::memory::desc>> scratchpads_;  // execution, layout
  std::vector<dnnl::memory> buffers_;
  std::vector<Execution> executions_;
};

}  // namespace tvr

#pragma once

#include <functional>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "extract/networks/cpu_weights.h"
#include "extract/networks/network.h"

namespace tvr {

/// Batch dimensions; 2D networks have frames 1.
struct BatchShape {
  int clips = 1, frames = 1, height = 0, width = 0;
  friend bool operator==(const BatchShape& a, const BatchShape& b) noexcept {
    return a.clips == b.clips && a.frames == b.frames && a.height == b.height && a.width == b.width;
  }
};

/// A network prepared for one batch shape: kernels (oneDNN's or ours) that fuse convolution, residual sum and
/// ReLU, and the memory of all values, which share buffers once they are no longer needed. Not thread-safe.
class CpuPlan {
 public:
  /// `weights` must outlive the plan.
  CpuPlan(const Network& network, CpuWeights& weights, const BatchShape& shape);

  [[nodiscard]] const BatchShape& shape() const noexcept { return shape_; }
  /// Total size of its buffers.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// The input of run(): float32 [clips, 3, (frames,) height, width].
  [[nodiscard]] float* input() noexcept { return static_cast<float*>(input_.get_data_handle()); }
  /// Runs the network; writes the mean of its last value over time, height and width, [clips, dim], to
  /// `rows`.
  void run(float* rows);

 private:
  /// A buffer that several values use in turn.
  struct Value {
    dnnl::memory::desc layout;
    std::size_t buffer = 0;
  };
  using Arguments = std::unordered_map<int, dnnl::memory>;  // by oneDNN argument number
  struct Execution {
    std::function<void(const Arguments&)> run;
    std::vector<std::pair<int, std::size_t>> values;  // argument, index into values_
    Arguments arguments;                              // weights and bias; values are added at the end
  };
  /// The kernel of a convolution and its operands.
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
  std::vector<std::pair<std::size_t, dnnl::memory::desc>> scratchpads_;  // index of the execution, layout
  std::vector<dnnl::memory> buffers_;
  std::vector<Execution> executions_;
};

}  // namespace tvr

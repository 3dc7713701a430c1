#pragma once

#include "data/error.h"
#include "towers/encoder_folder.h"
#include "towers/onednn.h"
#include "towers/tower_weights.h"

namespace tvr {

/// W and b of y = W x + b in the layout that oneDNN's matrix product likes best. It is chosen once and used
/// for every number of rows.
class PackedDense {
 public:
  /// `type`: of W and x, f32 or bf16.
  PackedDense(const DenseWeights& dense, dnnl::memory::data_type type, const dnnl::engine& engine);

  [[nodiscard]] int in() const noexcept { return in_; }
  [[nodiscard]] int out() const noexcept { return out_; }
  [[nodiscard]] const dnnl::memory& weight() const noexcept { return weight_; }
  [[nodiscard]] const dnnl::memory& bias() const noexcept { return bias_; }  // empty: none

 private:
  int in_, out_;
  dnnl::memory weight_, bias_;
};

/// What happens to a product before it is stored.
enum class After { Nothing, QuickGelu, Gelu, GeluTanh, Add };
[[nodiscard]] After after(Activation activation) noexcept;

/// Y [rows, out] = after(X [rows, in] W^T + b), with any weights packed as those it is made from. Add: Y is
/// added to what is there. One at a time: it has scratch memory.
class DenseProduct {
 public:
  DenseProduct(const PackedDense& packed, int rows, dnnl::memory::data_type result, After after);
  /// `x` of the weights' type, `y` of the result's.
  void run(const dnnl::stream& stream, const PackedDense& packed, const void* x, void* y) const;

 private:
  dnnl::memory::desc source_, result_;
  dnnl::matmul product_;
};

/// What `action` returns; oneDNN's exceptions become Error(Unsupported).
template <class Action>
auto with_onednn(const Action& action) {
  try {
    return action();
  } catch (const dnnl::error& problem) {
    throw Error(Fault::Unsupported, "oneDNN", problem.what(), "Try --precision fp32");
  }
}

}  // namespace tvr

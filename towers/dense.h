#pragma once

#include <vector>

#include "data/error.h"
#include "data/huge_pages.h"
#include "towers/encoder_folder.h"
#include "towers/onednn.h"
#include "towers/tower_weights.h"

namespace tvr {

/// Memory for packed weights: few large pieces, so that they lie on huge pages. A product reads every weight
/// once, and on small pages spends a good part of its time on looking up addresses.
class WeightMemory {
 public:
  /// Aligned to a page, as long as this lives.
  [[nodiscard]] void* take(std::size_t bytes);

 private:
  std::vector<std::vector<char, HugePageAllocator<char>>> pieces_;
  std::size_t used_ = 0;  // of the last piece
};

/// W and b of y = W x + b in the layout that oneDNN's matrix product likes best. It is chosen once and used
/// for every number of rows.
class PackedDense {
 public:
  /// `type`: of W and x, f32 or bf16. `memory` must outlive this.
  PackedDense(const DenseWeights& dense, dnnl::memory::data_type type, const dnnl::engine& engine,
              WeightMemory& memory);

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
  DenseProduct(const PackedDense& packed, std::int64_t rows, dnnl::memory::data_type result, After after);
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

#pragma once

#include <cstdint>

namespace tvr {

/// C [rows, cols] = A B, row-major with strides: A(r, k) = a[r * a_row + k * a_col], B(k, j) = b[k * b_row +
/// j], C(r, j) = c[r * c_row + j].
struct Product {
  const float* a = nullptr;
  std::int64_t a_row = 0, a_col = 0;
  const float* b = nullptr;
  std::int64_t b_row = 0;
  float* c = nullptr;
  std::int64_t c_row = 0;
  std::int64_t rows = 0, cols = 0, depth = 0;
};

/// The constants of one Adam step: lr / (1 - beta1^t) and 1 / sqrt(1 - beta2^t).
struct AdamRates {
  float step_size = 0;
  float root_correction = 0;
};

/// The inner loops of model/, each compiled for several instruction sets from one source (kernels_body.h).
///
/// Why not a BLAS: the matrices of a training step have 32 rows, for which OpenBLAS reaches a third of the
/// CPU's peak; the reference BLAS, which many machines have, a thirtieth. And here every element of a product
/// is summed in an order that depends on the depth only, so a value does not depend on its neighbours, its
/// position or the threads: training is reproducible with any number of threads, and equal vectors have equal
/// similarities.
struct Kernels {
  const char* name;
  /// Runs on the calling thread, as all kernels do.
  void (*multiply)(const Product& product);
  /// The same where B's values are finite halves (IEEE float16) [depth, cols] with b_row; p.b is ignored.
  /// Every element is bitwise that of multiply() on the same values as floats.
  void (*multiply_halves)(const Product& product, const std::uint16_t* b);
  /// One element of such a product, bitwise equal.
  float (*dot)(const float* a, const float* b, std::int64_t depth);

  /// Where a value is larger than its best one, the best one becomes it and its number `number`.
  void (*keep_larger)(const float* values, std::int32_t number, float* best, std::int32_t* best_number,
                      std::int64_t count);

  /// Columns per panel. B [depth, cols] is packed as ceil(cols / panel_cols) consecutive panels [depth,
  /// panel_cols], the last padded with zeros.
  std::int64_t panel_cols;
  void (*pack)(const float* b, std::int64_t b_row, std::int64_t cols, std::int64_t depth, float* panels);

  /// torch.optim.Adam with beta 0.9 and 0.999, eps 1e-8.
  void (*adam)(float* value, float* mean, float* variance, const float* gradient, std::int64_t count,
               AdamRates rates);
  /// The same for the weights C with the gradient A B, where B is packed (b_row is ignored); the moments have
  /// the layout of C. No more of the gradient is kept than a few rows: they are applied while the next ones
  /// are summed. Needs 70 KB of stack.
  void (*multiply_adam)(const Product& gradient, float* mean, float* variance, AdamRates rates);
};

/// The fastest that this CPU supports.
[[nodiscard]] const Kernels& kernels() noexcept;

extern const Kernels kBaselineKernels;
#ifdef TVR_X86
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace tvr

#pragma once

#include <cstdint>

namespace tvr {

/// Where results go: float32 [rows, columns], or bf16, rounded to nearest even.
struct Rows {
  void* data = nullptr;
  bool bf16 = false;
  std::int64_t row = 0;  // values from one row to the next
};

/// One head of one sequence: softmax(Q K^T / sqrt(head_width)) V (Vaswani et al.: Attention Is All You Need,
/// arXiv:1706.03762).
struct Attention {
  const float *query = nullptr, *key = nullptr, *value = nullptr;  // [queries | keys, head_width]
  std::int64_t query_row = 0, key_row = 0;  // floats from one row to the next; value's is key's
  std::int64_t queries = 0, keys = 0, head_width = 0;
  bool causal = false;       // query i sees the keys 0..i
  Rows out;                  // [queries, head_width]
  float* scratch = nullptr;  // TowerKernels::scratch(keys, head_width) floats
};

/// What the towers compute besides matrix products, compiled for several instruction sets from one source
/// (kernels_body.h). All run on the calling thread.
struct TowerKernels {
  const char* name;
  /// (x - mean) / sqrt(variance + epsilon) * scale + shift of each row of x [rows, width] (Ba et al.: Layer
  /// Normalization, arXiv:1607.06450).
  void (*layer_norm)(const float* x, std::int64_t rows, std::int64_t width, const float* scale,
                     const float* shift, float epsilon, const Rows& out);
  void (*attend)(const Attention& attention);
  std::int64_t (*scratch)(std::int64_t keys, std::int64_t head_width);
  void (*copy)(const float* x, std::int64_t count, const Rows& out);  // one row
};

/// The fastest that this CPU supports.
[[nodiscard]] const TowerKernels& tower_kernels() noexcept;

extern const TowerKernels kBaselineTowerKernels;
#ifdef TVR_TOWERS_X86
extern const TowerKernels kAvx2TowerKernels;
extern const TowerKernels kAvx512TowerKernels;
#endif

}  // namespace tvr

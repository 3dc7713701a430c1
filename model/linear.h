#pragma once

#include <cstdint>

#include "data/matrix.h"

namespace tvr {

/// The three products of a linear layer y = x W^T + b, as in torch.nn.Linear: x [N, I], W [O, I], y [N, O].

/// y = x W^T, [N, O].
[[nodiscard]] Matrix multiply_transposed(const Matrix& x, const Matrix& weight);
/// dx = dy W, [N, I].
[[nodiscard]] Matrix multiply(const Matrix& dy, const Matrix& weight);
/// Rows [begin, end) of dW = dy^T x, written to `out` [end - begin, I]. Runs on the calling thread.
void weight_gradient_rows(const Matrix& dy, const Matrix& x, std::int64_t begin, std::int64_t end,
                          float* out);

}  // namespace tvr

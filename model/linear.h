#pragma once

#include <cstdint>

#include "data/matrix.h"

namespace tvr {

/// The three products of a linear layer y = x W^T + b, as in torch.nn.Linear: x [N, I], W [O, I], y [N, O].
/// Every element is summed in an order that depends on its depth alone: not on N, its row, or the number of
/// threads.

/// y = x W^T, [N, O].
[[nodiscard]] Matrix multiply_transposed(const Matrix& x, const Matrix& weight);
/// dx = dy W, [N, I].
[[nodiscard]] Matrix multiply(const Matrix& dy, const Matrix& weight);
/// Rows [begin, end) of dW = dy^T x, written to `out` [end - begin, I]; dy comes transposed, [O, N]. On the
/// calling thread.
void weight_gradient_rows(const Matrix& dy_transposed, const Matrix& x, std::int64_t begin, std::int64_t end,
                          float* out);

[[nodiscard]] Matrix transposed(const Matrix& matrix);

}  // namespace tvr

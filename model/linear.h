#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// The products of a linear layer y = x W^T + b, as in torch.nn.Linear: x [N, I], W [O, I], y [N, O]. Every
/// element is summed in an order that depends on the depth of the sum alone: not on N, the row, or the number
/// of threads.

/// y = x W^T, [N, O].
[[nodiscard]] Matrix multiply_transposed(const Matrix& x, const Matrix& weight);
/// dx = dy W, [N, I].
[[nodiscard]] Matrix multiply(const Matrix& dy, const Matrix& weight);
/// x as the right-hand factor of dW = dy^T x: in panels, as kernels().multiply_adam takes it.
[[nodiscard]] std::vector<float> packed(const Matrix& x);

[[nodiscard]] Matrix transposed(const Matrix& matrix);
/// Columns first to past - 1 as rows.
[[nodiscard]] Matrix transposed(const Matrix& matrix, std::int64_t first, std::int64_t past);

}  // namespace tvr

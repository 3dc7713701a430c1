#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/matrix.h"
#include "data/tensors/tensor.h"

namespace tvr {

/// The matrix of that name in the state of `model` ("linear model"). Throws Error(Mismatch) where it is
/// missing or not of two dimensions.
[[nodiscard]] Matrix matrix_in(const NamedTensors& state, const std::string& name, const std::string& model);

/// The vector [size] of that name, in the same way.
[[nodiscard]] std::vector<float> vector_in(const NamedTensors& state, const std::string& name,
                                           std::int64_t size, const std::string& model);

/// The tensor that matrix_in() or vector_in() reads back.
[[nodiscard]] Tensor tensor_of_state(const Matrix& matrix);
[[nodiscard]] Tensor tensor_of_state(const std::vector<float>& vector);

}  // namespace tvr

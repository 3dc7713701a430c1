#include "model/state_tensors.h"

#include <algorithm>

#include "data/error.h"

namespace tvr {
namespace {

const Tensor& tensor_in(const NamedTensors& state, const std::string& name, const std::string& model) {
  const Tensor* const tensor = find(state, name);
  if (tensor == nullptr) throw Error(Fault::Mismatch, model, "it has no tensor " + name);
  return *tensor;
}

}  // namespace

Matrix matrix_in(const NamedTensors& state, const std::string& name, const std::string& model) {
  const Tensor& tensor = tensor_in(state, name, model);
  if (tensor.shape.size() != 2)
    throw Error(Fault::Mismatch, model, name + " has the shape " + shape_text(tensor.shape));
  Matrix matrix(tensor.shape[0], tensor.shape[1]);
  const std::vector<float> values = tensor.to_floats();
  std::copy(values.begin(), values.end(), matrix.data());
  return matrix;
}

std::vector<float> vector_in(const NamedTensors& state, const std::string& name, std::int64_t size,
                             const std::string& model) {
  const Tensor& tensor = tensor_in(state, name, model);
  if (tensor.shape != std::vector<std::int64_t>{size})
    throw Error(
        Fault::Mismatch, model,
        name + " has the shape " + shape_text(tensor.shape) + ", wanted [" + std::to_string(size) + "]");
  return tensor.to_floats();
}

Tensor tensor_of_state(const Matrix& matrix) {
  return Tensor::from_floats({matrix.rows(), matrix.cols()}, matrix.data());
}

Tensor tensor_of_state(const std::vector<float>& vector) {
  return Tensor::from_floats({static_cast<std::int64_t>(vector.size())}, vector.data());
}

}  // namespace tvr

#include "model/head.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "data/error.h"
#include "data/store/feature.h"
#include "model/linear.h"
#include "model/parallel.h"

namespace tvr {
namespace {

constexpr const char* kText = "text.weight";
constexpr const char* kVideo = "video.weight";
constexpr const char* kScale = "logit_scale";

bool is_zero(const Matrix& matrix) {
  const float* const values = matrix.data();
  return std::all_of(values, values + matrix.rows() * matrix.cols(), [](float value) { return value == 0; });
}

Matrix embed(const Matrix& weight, const Matrix& x) {
  Matrix y = first_columns(x, weight.rows());
  if (is_zero(weight)) return y;
  const Matrix residual = multiply_transposed(x, weight);
  parallel_for(y.rows(), 4 * y.cols(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      for (std::int64_t d = 0; d < y.cols(); ++d) y.row(n)[d] += residual.row(n)[d];
      l2_normalize(y.row(n), static_cast<std::size_t>(y.cols()));
    }
  });
  return y;
}

const Tensor& required(const NamedTensors& tensors, const char* name, const std::string& where) {
  if (const Tensor* const tensor = find(tensors, name)) return *tensor;
  throw Error(Fault::Mismatch, where,
              std::string("it has no tensor '") + name + "': it is not that of a head",
              "Name a run that was trained with --text encoder");
}

[[noreturn]] void misshapen(const std::string& where, const char* name, const Tensor& tensor,
                            const std::string& wanted) {
  throw Error(Fault::Mismatch, where,
              std::string("its tensor '") + name + "' has the shape " + shape_text(tensor.shape) +
                  ", wanted " + wanted);
}

Matrix matrix_of(const Tensor& tensor) {
  Matrix matrix(tensor.shape[0], tensor.shape[1]);
  const std::vector<float> values = tensor.to_floats();
  std::memcpy(matrix.data(), values.data(), values.size() * sizeof(float));
  return matrix;
}

Tensor tensor_of(const Matrix& matrix) {
  return Tensor::from_floats({matrix.rows(), matrix.cols()}, matrix.data());
}

}  // namespace

Matrix first_columns(const Matrix& x, std::int64_t count) {
  Matrix first(x.rows(), count);
  for (std::int64_t n = 0; n < x.rows(); ++n) std::copy_n(x.row(n), count, first.row(n));
  return first;
}

Matrix Head::embed_text(const Matrix& sentences) const { return embed(text, sentences); }
Matrix Head::embed_video(const Matrix& parts) const { return embed(video, parts); }

Head zero_head(std::int64_t dim, std::int64_t video_dim, float log_scale) {
  if (dim < 1 || video_dim < dim) {
    throw Error(Fault::InvalidArgument, "head",
                "clips of " + std::to_string(video_dim) + " values do not hold the image tower's " +
                    std::to_string(dim));
  }
  return {Matrix(dim, dim), Matrix(dim, video_dim), log_scale};
}

Head head_of(const NamedTensors& tensors, const std::string& where) {
  const Tensor& text = required(tensors, kText, where);
  const Tensor& video = required(tensors, kVideo, where);
  const Tensor& scale = required(tensors, kScale, where);
  if (text.shape.size() != 2 || text.shape[0] < 1 || text.shape[0] != text.shape[1])
    misshapen(where, kText, text, "[D, D]");
  const std::int64_t dim = text.shape[0];
  if (video.shape.size() != 2 || video.shape[0] != dim || video.shape[1] < dim)
    misshapen(where, kVideo, video, shape_text({dim, dim}) + " or wider");
  if (scale.numel() != 1) misshapen(where, kScale, scale, "a single value");
  require_finite(tensors, where);
  return {matrix_of(text), matrix_of(video), scale.to_floats().front()};
}

NamedTensors state_of(const Head& head) {
  return {{kText, tensor_of(head.text)},
          {kVideo, tensor_of(head.video)},
          {kScale, Tensor::from_floats({}, &head.log_scale)}};
}

}  // namespace tvr

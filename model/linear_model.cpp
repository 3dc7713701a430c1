#include "model/linear_model.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "data/error.h"
#include "model/state_tensors.h"

namespace tvr {
namespace {

constexpr double kSmallestNorm = 1e-12;
constexpr const char* kWhere = "linear model";

}  // namespace

void to_unit_length(Matrix& rows) {
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    double squares = 0;
    for (std::int64_t d = 0; d < rows.cols(); ++d)
      squares += static_cast<double>(rows.row(i)[d]) * static_cast<double>(rows.row(i)[d]);
    const auto scale = static_cast<float>(1 / std::max(std::sqrt(squares), kSmallestNorm));
    for (std::int64_t d = 0; d < rows.cols(); ++d) rows.row(i)[d] *= scale;
  }
}

LinearModel::LinearModel(Matrix text, std::vector<float> text_bias, Matrix video,
                         std::vector<float> video_bias)
    : text_(std::move(text)),
      video_(std::move(video)),
      text_bias_(std::move(text_bias)),
      video_bias_(std::move(video_bias)) {}

LinearModel::LinearModel(const NamedTensors& state)
    : text_(matrix_in(state, "text.weight", kWhere)), video_(matrix_in(state, "video.weight", kWhere)) {
  if (text_.cols() != video_.cols() || text_.cols() < 1) {
    throw Error(Fault::Mismatch, "linear model",
                "its text has " + std::to_string(text_.cols()) + " components, its video " +
                    std::to_string(video_.cols()));
  }
  text_bias_ = vector_in(state, "text.bias", text_.cols(), kWhere);
  video_bias_ = vector_in(state, "video.bias", text_.cols(), kWhere);
}

NamedTensors LinearModel::state() const {
  return {{"text.weight", tensor_of_state(text_)},
          {"text.bias", tensor_of_state(text_bias_)},
          {"video.weight", tensor_of_state(video_)},
          {"video.bias", tensor_of_state(video_bias_)}};
}

Matrix LinearModel::embed_text(const std::vector<SparseRow>& texts) const {
  Matrix embedded(static_cast<std::int64_t>(texts.size()), dim());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    float* const row = embedded.row(static_cast<std::int64_t>(i));
    std::copy(text_bias_.begin(), text_bias_.end(), row);
    for (std::size_t w = 0; w < texts[i].columns.size(); ++w) {
      const float* const weights = text_.row(texts[i].columns[w]);
      for (std::int64_t k = 0; k < dim(); ++k) row[k] += texts[i].values[w] * weights[k];
    }
  }
  to_unit_length(embedded);
  return embedded;
}

Matrix LinearModel::embed_video(const Matrix& clips) const {
  if (clips.rows() == 0) return Matrix(0, dim());
  if (clips.cols() != video_dim()) {
    throw Error(Fault::Mismatch, "video features",
                "they have " + std::to_string(clips.cols()) + " values, the linear model was fitted to " +
                    std::to_string(video_dim()),
                "Extract the lanes that the model was trained with");
  }
  Matrix embedded(clips.rows(), dim());
  // Row by row, so that a row does not depend on the others.
  for (std::int64_t i = 0; i < clips.rows(); ++i) {
    float* const row = embedded.row(i);
    std::copy(video_bias_.begin(), video_bias_.end(), row);
    for (std::int64_t d = 0; d < clips.cols(); ++d) {
      const float value = clips.row(i)[d];
      const float* const weights = video_.row(d);
      for (std::int64_t k = 0; k < dim(); ++k) row[k] += value * weights[k];
    }
  }
  to_unit_length(embedded);
  return embedded;
}

}  // namespace tvr

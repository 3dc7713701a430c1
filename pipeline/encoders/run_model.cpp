#include "pipeline/encoders/run_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/error.h"
#include "data/tensors/tensor_file.h"

namespace tvr {
namespace {

/// Rows of all members side by side.
class Joined {
 public:
  Joined(std::int64_t rows, std::int64_t dim) : rows_(rows, dim) {}

  /// A member that counts `weight` in the inner product of two rows.
  void add(const Matrix& member, double weight) {
    const auto scale = static_cast<float>(std::sqrt(weight));
    for (std::int64_t i = 0; i < rows_.rows(); ++i) {
      std::transform(member.row(i), member.row(i) + member.cols(), rows_.row(i) + at_,
                     [scale](float value) { return scale * value; });
    }
    at_ += member.cols();
  }
  [[nodiscard]] Matrix take() { return std::move(rows_); }

 private:
  Matrix rows_;
  std::int64_t at_ = 0;
};

}  // namespace

RunModel::RunModel(const std::vector<std::filesystem::path>& checkpoints, int max_words,
                   std::optional<LinearEncoder> linear, double linear_weight)
    : linear_weight_(linear_weight) {
  for (const std::filesystem::path& checkpoint : checkpoints) {
    networks_.emplace_back(read_weights(checkpoint), max_words);
    const EmbeddingShape& shape = networks_.back().shape();
    if (shape.word_dim == word_dim() && shape.video_dim == video_dim()) continue;
    throw Error(
        Fault::Mismatch, checkpoint.string(),
        fmt::format("it takes words of {} and features of {} values, the run's first checkpoint of {} "
                    "and {}",
                    shape.word_dim, shape.video_dim, word_dim(), video_dim()),
        "Run the same command again: it trains what is missing");
  }
  if (linear_weight_ == 0) return;
  if (linear->video_dim() != video_dim()) {
    throw Error(Fault::Mismatch, "linear model",
                fmt::format("it takes features of {} values, the run's networks of {}", linear->video_dim(),
                            video_dim()),
                "Run the same command again: it fits the model anew");
  }
  linear_ = std::move(linear);
}

std::int64_t RunModel::dim() const noexcept {
  std::int64_t dim = linear_ ? linear_->dim() : 0;
  for (const JointEmbedding& network : networks_) dim += network.shape().embd_dim;
  return dim;
}

Matrix RunModel::embed_text(const std::vector<std::string>& sentences, const Matrix& vectors,
                            const std::vector<std::vector<std::int32_t>>& ids) const {
  if (networks_.size() == 1 && !linear_) return networks_.front().embed_text(vectors, ids);
  Joined joined(static_cast<std::int64_t>(ids.size()), dim());
  const double weight = (1 - linear_weight_) / static_cast<double>(networks_.size());
  for (const JointEmbedding& network : networks_) joined.add(network.embed_text(vectors, ids), weight);
  if (linear_) joined.add(linear_->embed_text(sentences), linear_weight_);
  return joined.take();
}

Matrix RunModel::embed_video(const Matrix& parts) const {
  if (networks_.size() == 1 && !linear_) return networks_.front().embed_video(parts);
  Joined joined(parts.rows(), dim());
  const double weight = (1 - linear_weight_) / static_cast<double>(networks_.size());
  for (const JointEmbedding& network : networks_) joined.add(network.embed_video(parts), weight);
  if (linear_) joined.add(linear_->embed_video(parts), linear_weight_);
  return joined.take();
}

}  // namespace tvr

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
                   std::vector<LinearShare> shares)
    : shares_(std::move(shares)) {
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
  for (const LinearShare& share : shares_) {
    network_weight_ -= share.weight;
    if (share.model.video_dim() == video_dim()) continue;
    throw Error(Fault::Mismatch, "linear or kernel model",
                fmt::format("it takes features of {} values, the run's networks of {}",
                            share.model.video_dim(), video_dim()),
                "Run the same command again: it fits the model anew");
  }
  network_weight_ /= static_cast<double>(networks_.size());
}

std::int64_t RunModel::dim() const noexcept {
  std::int64_t dim = 0;
  for (const LinearShare& share : shares_) dim += share.model.dim();
  for (const JointEmbedding& network : networks_) dim += network.shape().embd_dim;
  return dim;
}

Matrix RunModel::embed_text(const std::vector<std::string>& sentences, const Matrix& vectors,
                            const std::vector<std::vector<std::int32_t>>& ids) const {
  if (networks_.size() == 1 && shares_.empty()) return networks_.front().embed_text(vectors, ids);
  Joined joined(static_cast<std::int64_t>(ids.size()), dim());
  for (const JointEmbedding& network : networks_)
    joined.add(network.embed_text(vectors, ids), network_weight_);
  for (const LinearShare& share : shares_) joined.add(share.model.embed_text(sentences), share.weight);
  return joined.take();
}

Matrix RunModel::embed_video(const Matrix& parts) const {
  if (networks_.size() == 1 && shares_.empty()) return networks_.front().embed_video(parts);
  Joined joined(parts.rows(), dim());
  for (const JointEmbedding& network : networks_) joined.add(network.embed_video(parts), network_weight_);
  for (const LinearShare& share : shares_) joined.add(share.model.embed_video(parts), share.weight);
  return joined.take();
}

}  // namespace tvr

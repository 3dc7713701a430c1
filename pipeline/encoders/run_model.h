#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/matrix.h"
#include "model/joint_embedding.h"
#include "pipeline/encoders/linear_encoder.h"

namespace tvr {

/// A linear or kernel model with its share of a run's similarity, above 0 and below 1.
struct LinearShare {
  LinearEncoder model;
  double weight = 0;
};

/// What a run learned: networks of one shape and, with shares of the similarity, linear and kernel models. An
/// embedding is the members' embeddings side by side, scaled so that the inner product of two is the mean of
/// the members' similarities by their shares; the networks divide what the others leave.
class RunModel {
 public:
  /// Reads the checkpoints. Throws what JointEmbedding throws, Error(Mismatch) for members that take other
  /// inputs than the first.
  RunModel(const std::vector<std::filesystem::path>& checkpoints, int max_words,
           std::vector<LinearShare> shares);

  [[nodiscard]] std::int64_t dim() const noexcept;  // D, of all members together
  [[nodiscard]] std::int64_t word_dim() const noexcept { return networks_.front().shape().word_dim; }
  [[nodiscard]] std::int64_t video_dim() const noexcept { return networks_.front().shape().video_dim; }
  /// sentences[i] has the words ids[i], rows of `vectors`; returns [N, D], rows of unit length.
  [[nodiscard]] Matrix embed_text(const std::vector<std::string>& sentences, const Matrix& vectors,
                                  const std::vector<std::vector<std::int32_t>>& ids) const;
  [[nodiscard]] Matrix embed_video(const Matrix& parts) const;  // [N, Dv] to [N, D], rows of unit length

 private:
  std::vector<JointEmbedding> networks_;
  std::vector<LinearShare> shares_;
  double network_weight_ = 1;  // of each
};

}  // namespace tvr

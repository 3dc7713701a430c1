#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/fingerprint.h"
#include "data/matrix.h"
#include "data/store/feature.h"
#include "data/store/feature_store.h"

namespace tvr {

/// Sentences as rows that compare with those of videos.
struct EncodedText {
  Matrix rows;                                    // [N, D], unit length
  std::vector<std::vector<std::string>> unknown;  // [N]: words that the encoder knows nothing of, each once
  std::vector<bool> understood;                   // [N]: false: no known word at all, its row means nothing
};

/// What makes a sentence and a part of a video comparable: a tower for each. Evaluation, search and serve
/// know nothing else of a model. embed_text() is called by one thread at a time; the const methods may run
/// beside it and each other.
class EncoderPair {
 public:
  virtual ~EncoderPair() = default;

  [[nodiscard]] virtual std::int64_t dim() const noexcept = 0;  // D
  /// Sentences will come one by one: a slower start, so that each of them is quick. Speed only.
  virtual void prepare() = 0;
  [[nodiscard]] virtual EncodedText embed_text(const std::vector<std::string>& sentences) = 0;
  /// Parts of videos, pooled over time by pool_lanes(): [N, Dv] to [N, D], rows of unit length. A row does
  /// not depend on the others.
  [[nodiscard]] virtual Matrix embed_video(const Matrix& parts) const = 0;
  [[nodiscard]] virtual Pooling pooling() const noexcept = 0;
  /// The recipes of `store` whose features it takes, lane by lane, in the order of pool_lanes(). Throws
  /// Error(NotFound) when a lane has no features, Error(Mismatch) when they are by another recipe or of
  /// another width.
  [[nodiscard]] virtual std::vector<RecipeRow> lanes_in(const FeatureStore& store) const = 0;
  /// Of all that the embedding of a video depends on, besides its features: equal identity, equal rows.
  [[nodiscard]] virtual Digest identity() const = 0;
};

}  // namespace tvr

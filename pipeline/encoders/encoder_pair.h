#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/fingerprint.h"
#include "data/matrix.h"
#include "data/store/feature.h"
#include "data/store/feature_store.h"
#include "extract/media/picture.h"
#include "model/window_index.h"

namespace tvr {

/// Embedded sentences, comparable with embedded videos.
struct EncodedText {
  Matrix rows;                                    // [N, D], unit length
  std::vector<std::vector<std::string>> unknown;  // [N]: words unknown to the encoder, each once
  std::vector<std::vector<std::string>> guessed;  // [N]: words whose vector is made of their parts
  std::vector<bool> understood;                   // [N]: false: no known word; the row is meaningless
  std::vector<bool> familiar;                     // [N]: whether a word is known and not guessed
};

/// A text encoder and a video encoder with a joint embedding space: the only interface to a model that
/// evaluation, search and serve use. embed_text() is called by one thread at a time; the const methods may
/// run concurrently with it and each other.
class EncoderPair {
 public:
  virtual ~EncoderPair() = default;

  [[nodiscard]] virtual std::int64_t dim() const noexcept = 0;  // D
  /// Prepares for sentences one by one: a slower start makes each of them fast. Affects speed only.
  virtual void prepare() = 0;
  [[nodiscard]] virtual EncodedText embed_text(const std::vector<std::string>& sentences) = 0;
  /// Embeds parts of videos, pooled over time by pool_lanes(): [N, Dv] to [N, D], rows of unit length. A row
  /// does not depend on the others.
  [[nodiscard]] virtual Matrix embed_video(const Matrix& parts) const = 0;
  /// Whether the model has a tower for single pictures.
  [[nodiscard]] virtual bool takes_pictures() const noexcept = 0;
  /// Embeds a picture, comparable with sentences and videos: [D], unit length. Throws Error(Unsupported)
  /// unless takes_pictures().
  [[nodiscard]] virtual ClipFeature embed_picture(const Picture& picture) const = 0;
  /// How an index keeps the embeddings of videos.
  [[nodiscard]] virtual IndexValues index_values() const noexcept = 0;
  [[nodiscard]] virtual Pooling pooling() const noexcept = 0;
  /// The recipes of `store` whose features it uses, one per lane, in the order of pool_lanes(). Throws
  /// Error(NotFound) when a lane has no features, Error(Mismatch) when they have another recipe or another
  /// width.
  [[nodiscard]] virtual std::vector<RecipeRow> lanes_in(const FeatureStore& store) const = 0;
  /// Digest of everything that the embedding of a video depends on besides its features: equal identities
  /// give equal embeddings.
  [[nodiscard]] virtual Digest identity() const = 0;
};

}  // namespace tvr

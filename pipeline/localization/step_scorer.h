#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/matrix.h"
#include "data/store/feature_store.h"
#include "data/time.h"
#include "pipeline/encoders/encoder_pair.h"

namespace tvr {

/// How a model scores the steps of a task in each frame of a video.
struct FrameScores {
  Matrix scores;                // [T, K]
  std::vector<TimeSpan> times;  // [T]
};

/// Scores the frames of a store's videos by a model: the similarity of each frame with each step's name. The
/// frames are the rows of lane 2d, or of the model's first lane where it has no 2d; the rows of the other
/// lanes are brought to their number by adaptive maximum (frame_features.h).
class StepScorer {
 public:
  /// Both must outlive it. Throws what EncoderPair::lanes_in() throws.
  StepScorer(const FeatureStore& store, EncoderPair& encoders);

  /// Embeds the names of steps, [K, D], and warns of words that the model does not know. A name of which it
  /// knows none is that of no words, as in the reference. Throws Error(Mismatch) when it knows no name.
  [[nodiscard]] Matrix embed(const std::vector<std::string>& steps);
  /// steps [K, D] from embed(). nullopt when the video has no features in some lane, or damaged ones, of
  /// which it warns.
  [[nodiscard]] std::optional<FrameScores> scores(const std::string& video_id, const Matrix& steps) const;

 private:
  const FeatureStore& store_;
  EncoderPair& encoders_;
  std::vector<RecipeRow> lanes_;
  std::size_t clock_ = 0;  // the lane whose rows are the frames
};

}  // namespace tvr

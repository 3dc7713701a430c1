#include "pipeline/localization/step_scorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "data/error.h"
#include "model/linear.h"
#include "pipeline/localization/frame_features.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

constexpr const char* kClockLane = "2d";
constexpr std::int64_t kFramesAtOnce = 512;

void warn_of_unknown_words(const EncodedText& text, const std::vector<std::string>& steps) {
  std::vector<std::string> words;
  for (const std::vector<std::string>& unknown : text.unknown)
    words.insert(words.end(), unknown.begin(), unknown.end());
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  if (!words.empty())
    warn(fmt::format("the model does not know these words of the steps: {}", fmt::join(words, ", ")));
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (!text.understood[i]) warn(fmt::format("the step '{}' has no known word", steps[i]));
}

}  // namespace

StepScorer::StepScorer(const FeatureStore& store, EncoderPair& encoders)
    : store_(store), encoders_(encoders), lanes_(encoders.lanes_in(store)) {
  const auto clock = std::find_if(lanes_.begin(), lanes_.end(),
                                  [](const RecipeRow& lane) { return lane.recipe.lane == kClockLane; });
  if (clock != lanes_.end()) clock_ = static_cast<std::size_t>(clock - lanes_.begin());
}

Matrix StepScorer::embed(const std::vector<std::string>& steps) {
  EncodedText text = encoders_.embed_text(steps);
  if (std::find(text.understood.begin(), text.understood.end(), true) == text.understood.end()) {
    throw Error(Fault::Mismatch, "steps", "the model knows no word of the steps",
                "Give steps in the language that it was trained on");
  }
  warn_of_unknown_words(text, steps);
  return std::move(text.rows);
}

std::optional<FrameScores> StepScorer::scores(const std::string& video_id, const Matrix& steps) const {
  std::vector<FeatureSequence> lanes;
  try {
    for (const RecipeRow& lane : lanes_) {
      std::optional<FeatureSequence> rows = store_.read(video_id, lane.id);
      if (!rows || rows->times.empty()) return std::nullopt;
      require_sound(*rows, lane.dim, video_id);
      lanes.push_back(std::move(*rows));
    }
  } catch (const Error& error) {
    if (error.fault() != Fault::Corrupt) throw;
    warn(error.what());
    return std::nullopt;
  }
  FrameScores scored{{}, lanes[clock_].times};
  const auto frames = static_cast<std::int64_t>(scored.times.size());
  scored.scores = Matrix(frames, steps.rows());
  for (std::int64_t first = 0; first < frames; first += kFramesAtOnce) {
    const std::int64_t count = std::min(kFramesAtOnce, frames - first);
    const Matrix features = frame_features(lanes, encoders_.pooling(), frames, first, count);
    const Matrix scores = multiply_transposed(encoders_.embed_video(features), steps);
    std::copy_n(scores.data(), count * steps.rows(), scored.scores.row(first));
  }
  return scored;
}

}  // namespace tvr

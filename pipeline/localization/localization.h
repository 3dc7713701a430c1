#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/choices.h"
#include "data/datasets/crosstask.h"
#include "data/matrix.h"
#include "data/progress.h"
#include "model/step_recall.h"
#include "pipeline/localization/step_scorer.h"

namespace tvr {

/// What the steps are placed by.
enum class StepScores {
  Similarity,  // of frame and step
  LogSoftmax,  // its log-softmax over the steps of a frame (CrossTask's train.py, VideoCLIP)
};
inline constexpr Choices<StepScores, 2> kStepScores{
    {{"similarity", StepScores::Similarity}, {"log-softmax", StepScores::LogSoftmax}}};

enum class StepOrder {
  Steps,  // one frame per step, in the order of the steps
  Free,   // the best frame of each step
};
inline constexpr Choices<StepOrder, 2> kStepOrders{{{"steps", StepOrder::Steps}, {"free", StepOrder::Free}}};

struct LocalizeOptions {
  StepScores scores = StepScores::Similarity;
  StepOrder order = StepOrder::Steps;
};

/// Where a step was placed.
struct StepPlace {
  std::int32_t frame = 0;   // kNone: nowhere, as the video has fewer frames than steps
  float score = 0;          // at that frame
  std::optional<bool> hit;  // nullopt: unknown, or the video does not show the step
};
/// The K steps of a task in a video, by similarities [T, K].
[[nodiscard]] std::vector<StepPlace> place_steps(const Matrix& similarities, const LocalizeOptions& options);

/// The similarities [T, K] of a video's frames, one a second, with the steps of its task, which is
/// CrossTask::tasks[task]; nullopt if there are none.
using ScoresOf = std::function<std::optional<Matrix>(const CrossTaskVideo& video, std::size_t task)>;

/// By a model, from the features in a store. Both must outlive it. It throws Error(Mismatch) for a video
/// whose frames are not one a second.
[[nodiscard]] ScoresOf scores_of_model(const FeatureStore& store, EncoderPair& encoders,
                                       const CrossTask& data);
/// By anybody's model, from files TASK_VIDEO.npy or TASK_VIDEO.csv (data/matrix_csv.h) in `folder`. Throws
/// Error(NotFound) if there is no such folder; it throws what their readers throw, and Error(Mismatch) for a
/// matrix with another number of columns than the task has steps.
[[nodiscard]] ScoresOf scores_in_folder(std::filesystem::path folder, const CrossTask& data);

/// A video of CrossTask with its steps.
struct LocatedVideo {
  CrossTaskVideo video;
  std::size_t task = 0;
  std::vector<StepPlace> steps;
};

/// Recall of a way to place the steps, with the bootstrap over the videos.
struct StepFigures {
  TaskRecalls recalls;
  TaskRecallsInterval interval;  // 95 %
};

struct Localization {
  std::vector<LocatedVideo> videos;
  StepFigures model;
  StepFigures uniform;  // uniform_frames(): no look at the video
  StepFigures random;   // expected, all placements of the same kind (StepOrder) being equally likely
  std::vector<std::string> without_features, without_annotation;  // left out, TASK_VIDEO
  std::vector<std::string>
      too_short;  // fewer frames than steps: with StepOrder::Steps their steps are missed
  std::vector<std::string> without_steps;  // the annotation labels no frame: they do not count
};

/// Places the steps of the videos and compares with the annotations in the release's folder `release`. Throws
/// Error(NotFound) when no video has both scores and annotation, Error(Interrupted), and what the scores and
/// read_crosstask_annotation() throw.
[[nodiscard]] Localization localize(const CrossTask& data, const std::vector<CrossTaskVideo>& videos,
                                    const std::filesystem::path& release, const ScoresOf& scores_of,
                                    const LocalizeOptions& options, const Progress& progress = {});

}  // namespace tvr

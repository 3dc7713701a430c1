#include "pipeline/localization/localization.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

#include "data/datasets/datasets.h"
#include "data/error.h"
#include "data/matrix_csv.h"
#include "data/tensors/npy.h"
#include "model/step_assignment.h"

namespace tvr {
namespace {

/// The store's ids of CrossTask's videos.
std::map<std::string, std::string> ids_in(const FeatureStore& store,
                                          const std::vector<CrossTaskVideo>& videos) {
  std::vector<std::string> names;
  for (const CrossTaskVideo& video : videos) names.push_back(video.name);
  std::vector<VideoSource> sources;
  for (VideoRow& row : store.videos()) sources.push_back(std::move(row.source));
  return video_ids_of(names, sources);
}

/// CrossTask's labels are by the second.
void require_a_frame_per_second(const FrameScores& scored, const std::string& video) {
  constexpr Micros kSlack{1000};
  for (std::size_t i = 0; i < scored.times.size(); ++i) {
    const Micros start = scored.times[i].start, wanted = std::chrono::seconds(i);
    if (start - wanted < kSlack && wanted - start < kSlack) continue;
    throw Error(Fault::Mismatch, video,
                fmt::format("its frame {} begins at {} s, wanted {} s: CrossTask's labels are by the second",
                            i, static_cast<double>(start.count()) / 1e6, i),
                "Extract it with a 2d row per second, or import its features with --rows-per-second 1");
  }
}

Matrix read_scores(const std::filesystem::path& npy) {
  const Tensor tensor = read_npy(npy);
  if (tensor.shape.size() != 2) {
    throw Error(Fault::Mismatch, npy.string(),
                fmt::format("its shape is {}, wanted frames x steps", shape_text(tensor.shape)));
  }
  Matrix scores(tensor.shape[0], tensor.shape[1]);
  const std::vector<float> values = tensor.to_floats();
  std::copy(values.begin(), values.end(), scores.data());
  return scores;
}

StepFigures figures_of(const std::vector<StepHits>& hits, std::size_t tasks) {
  return {step_recalls(hits, tasks), step_recalls_interval(hits, tasks)};
}

}  // namespace

std::vector<StepPlace> place_steps(const Matrix& similarities, const LocalizeOptions& options) {
  const bool couples = options.scores == StepScores::LogSoftmax;
  const Matrix logs = couples ? log_softmax(similarities) : Matrix();
  const Matrix& scores = couples ? logs : similarities;
  const std::vector<std::int32_t> frames =
      options.order == StepOrder::Steps ? frames_in_order(scores) : frames_in_any_order(scores);
  std::vector<StepPlace> placed;
  for (std::size_t j = 0; j < frames.size(); ++j)
    placed.push_back({frames[j], frames[j] == kNone ? 0 : scores.row(frames[j])[j], std::nullopt});
  return placed;
}

ScoresOf scores_of_model(const FeatureStore& store, EncoderPair& encoders, const CrossTask& data) {
  const auto scorer = std::make_shared<StepScorer>(store, encoders);
  std::vector<std::string> names;
  for (const CrossTaskTask& task : data.tasks)
    names.insert(names.end(), task.steps.begin(), task.steps.end());
  const Matrix embedded = scorer->embed(names);
  std::vector<Matrix> steps;
  std::int64_t first = 0;
  for (const CrossTaskTask& task : data.tasks) {
    steps.emplace_back(static_cast<std::int64_t>(task.steps.size()), embedded.cols());
    std::copy_n(embedded.row(first), steps.back().rows() * embedded.cols(), steps.back().data());
    first += steps.back().rows();
  }
  return [scorer, steps = std::move(steps), ids = ids_in(store, data.videos)](
             const CrossTaskVideo& video, std::size_t task) -> std::optional<Matrix> {
    const auto id = ids.find(video.name);
    if (id == ids.end()) return std::nullopt;
    std::optional<FrameScores> scored = scorer->scores(id->second, steps[task]);
    if (!scored) return std::nullopt;
    require_a_frame_per_second(*scored, video.name);
    return std::move(scored->scores);
  };
}

ScoresOf scores_in_folder(std::filesystem::path folder, const CrossTask& data) {
  if (!std::filesystem::is_directory(folder))
    throw Error(Fault::NotFound, folder.string(), "there is no such folder of scores");
  std::vector<std::int64_t> steps;
  for (const CrossTaskTask& task : data.tasks) steps.push_back(static_cast<std::int64_t>(task.steps.size()));
  return [folder = std::move(folder), steps = std::move(steps)](const CrossTaskVideo& video,
                                                                std::size_t task) -> std::optional<Matrix> {
    const std::filesystem::path npy = folder / (file_stem(video) + ".npy"),
                                csv = folder / (file_stem(video) + ".csv");
    const bool is_npy = std::filesystem::exists(npy);
    if (!is_npy && !std::filesystem::exists(csv)) return std::nullopt;
    Matrix scores = is_npy ? read_scores(npy) : read_matrix_csv(csv);
    if (scores.rows() == 0 || scores.cols() == steps[task]) return scores;
    throw Error(
        Fault::Mismatch, (is_npy ? npy : csv).string(),
        fmt::format("it has {} columns, task {} has {} steps", scores.cols(), video.task, steps[task]),
        "A row is a frame, one a second; a column is a step, in the order of tasks_primary.txt");
  };
}

Localization localize(const CrossTask& data, const std::vector<CrossTaskVideo>& videos,
                      const std::filesystem::path& release, const ScoresOf& scores_of,
                      const LocalizeOptions& options, const Progress& progress) {
  Localization result;
  std::vector<StepHits> model, uniform, random;
  const auto total = static_cast<std::int64_t>(videos.size());
  for (std::int64_t done = 0; done < total; ++done) {
    if (progress && !progress({"localizing", done, total}))
      throw Error(Fault::Interrupted, "localize", "stopped while steps were being placed");
    const CrossTaskVideo& video = videos[static_cast<std::size_t>(done)];
    const std::size_t task = data.task_index(video.task), steps = data.tasks[task].steps.size();
    const auto annotation = read_crosstask_annotation(release, video, steps);
    const std::optional<Matrix> scores = annotation ? scores_of(video, task) : std::nullopt;
    if (!annotation || !scores || scores->rows() == 0) {
      (annotation ? result.without_features : result.without_annotation).push_back(file_stem(video));
      continue;
    }
    const StepLabels labels(*annotation, scores->rows(), static_cast<std::int64_t>(steps));
    const std::int64_t present = labels.present();
    if (present == 0) result.without_steps.push_back(file_stem(video));
    if (labels.frames() < labels.steps()) result.too_short.push_back(file_stem(video));
    LocatedVideo located{video, task, place_steps(*scores, options)};
    std::vector<std::int32_t> frames;
    for (StepPlace& step : located.steps) {
      const auto j = static_cast<std::int64_t>(frames.size());
      if (labels.has(j)) step.hit = step.frame != kNone && labels.shows(step.frame, j);
      frames.push_back(step.frame);
    }
    model.push_back({task, hits_of(frames, labels), present});
    uniform.push_back({task, hits_of(uniform_frames(labels.frames(), labels.steps()), labels), present});
    random.push_back({task,
                      options.order == StepOrder::Steps ? expected_hits_in_order(labels)
                                                        : expected_hits_in_any_order(labels),
                      present});
    result.videos.push_back(std::move(located));
  }
  if (result.videos.empty()) {
    throw Error(Fault::NotFound, "CrossTask",
                fmt::format("of {} videos, {} have no annotation in {} and {} others no features or scores",
                            total, result.without_annotation.size(), (release / "annotations").string(),
                            result.without_features.size()),
                "Unpack the release's annotations there, and extract the videos");
  }
  result.model = figures_of(model, data.tasks.size());
  result.uniform = figures_of(uniform, data.tasks.size());
  result.random = figures_of(random, data.tasks.size());
  return result;
}

}  // namespace tvr

#include "model/step_recall.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/random.h"
#include "model/step_assignment.h"

namespace tvr {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// log C(n, k)
double log_choose(std::int64_t n, std::int64_t k) {
  return std::lgamma(static_cast<double>(n + 1)) - std::lgamma(static_cast<double>(k + 1)) -
         std::lgamma(static_cast<double>(n - k + 1));
}

/// Sums over the videos of a task.
struct TaskSum {
  double found = 0, share = 0;
  std::int64_t present = 0, videos = 0;  // videos with a step

  void add(const StepHits& hits) {
    if (hits.present == 0) return;
    found += hits.found;
    present += hits.present;
    share += hits.found / static_cast<double>(hits.present);
    ++videos;
  }
  [[nodiscard]] StepRecall recall() const {
    if (present == 0) return {kUndefined, kUndefined};
    return {found / static_cast<double>(present), share / static_cast<double>(videos)};
  }
};

TaskRecalls recalls_of(const std::vector<TaskSum>& sums) {
  TaskRecalls recalls;
  double tasks = 0;
  for (const TaskSum& sum : sums) {
    recalls.tasks.push_back(sum.recall());
    if (sum.present == 0) continue;
    recalls.mean.pooled += recalls.tasks.back().pooled;
    recalls.mean.by_video += recalls.tasks.back().by_video;
    ++tasks;
  }
  recalls.mean = {recalls.mean.pooled / tasks, recalls.mean.by_video / tasks};
  return recalls;
}

/// One number of each sample, in ascending order; those that are undefined are left out.
template <class NumberOf>
std::vector<double> sorted(const std::vector<TaskRecalls>& samples, const NumberOf& number_of) {
  std::vector<double> numbers;
  for (const TaskRecalls& sample : samples)
    if (const double number = number_of(sample); !std::isnan(number)) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

StepLabels::StepLabels(const std::vector<StepSegment>& segments, std::int64_t frames, std::int64_t steps)
    : frames_(frames), steps_(steps), shown_(static_cast<std::size_t>(frames * steps)) {
  const auto cut = [&](double second) {
    return static_cast<std::int64_t>(std::clamp(second, 0.0, static_cast<double>(frames)));
  };
  for (const StepSegment& segment : segments) {
    for (std::int64_t t = cut(std::floor(segment.start_s)); t < cut(std::ceil(segment.end_s)); ++t)
      shown_[static_cast<std::size_t>(t * steps + segment.step)] = 1;
  }
}

bool StepLabels::has(std::int64_t step) const {
  for (std::int64_t t = 0; t < frames_; ++t)
    if (shows(t, step)) return true;
  return false;
}

std::int64_t StepLabels::present() const {
  std::int64_t count = 0;
  for (std::int64_t j = 0; j < steps_; ++j) count += has(j) ? 1 : 0;
  return count;
}

double hits_of(const std::vector<std::int32_t>& frames, const StepLabels& labels) {
  double hits = 0;
  for (std::size_t j = 0; j < frames.size(); ++j)
    if (frames[j] != kNone && labels.shows(frames[j], static_cast<std::int64_t>(j))) ++hits;
  return hits;
}

double expected_hits_in_order(const StepLabels& labels) {
  const std::int64_t frames = labels.frames(), steps = labels.steps();
  if (frames < steps) return 0;
  const double ways = log_choose(frames, steps);
  double hits = 0;
  for (std::int64_t j = 0; j < steps; ++j) {
    const std::int64_t after = steps - 1 - j;
    for (std::int64_t t = j; t < frames - after; ++t) {
      if (labels.shows(t, j)) hits += std::exp(log_choose(t, j) + log_choose(frames - 1 - t, after) - ways);
    }
  }
  return hits;
}

double expected_hits_in_any_order(const StepLabels& labels) {
  double shown = 0;
  for (std::int64_t t = 0; t < labels.frames(); ++t)
    for (std::int64_t j = 0; j < labels.steps(); ++j) shown += labels.shows(t, j) ? 1 : 0;
  return labels.frames() == 0 ? 0 : shown / static_cast<double>(labels.frames());
}

TaskRecalls step_recalls(const std::vector<StepHits>& hits, std::size_t tasks) {
  std::vector<TaskSum> sums(tasks);
  for (const StepHits& video : hits) sums.at(video.task).add(video);
  return recalls_of(sums);
}

TaskRecallsInterval step_recalls_interval(const std::vector<StepHits>& hits, std::size_t tasks, double level,
                                          int resamples, std::uint64_t seed) {
  std::vector<std::vector<StepHits>> videos_of(tasks);
  for (const StepHits& video : hits) videos_of.at(video.task).push_back(video);
  std::vector<TaskRecalls> samples;
  for (int s = 0; s < resamples; ++s) {
    const CounterRandom random(seed, RandomUse::Bootstrap, static_cast<std::uint64_t>(s));
    std::uint64_t drawn = 0;
    std::vector<TaskSum> sums(tasks);
    for (std::size_t task = 0; task < tasks; ++task) {
      const std::vector<StepHits>& videos = videos_of[task];
      for (std::size_t i = 0; i < videos.size(); ++i)
        sums[task].add(videos[random.below(videos.size(), drawn++)]);
    }
    samples.push_back(recalls_of(sums));
  }
  TaskRecallsInterval interval;
  const auto set = [&](const auto& recall_in) {
    for (double StepRecall::*const kind : {&StepRecall::pooled, &StepRecall::by_video}) {
      const std::vector<double> numbers =
          sorted(samples, [&](const TaskRecalls& sample) { return recall_in(sample).*kind; });
      const auto quantile = [&](double share) {
        if (numbers.empty()) return kUndefined;
        return numbers[static_cast<std::size_t>(
            std::lround(share * static_cast<double>(numbers.size() - 1)))];
      };
      recall_in(interval.low).*kind = quantile((1 - level) / 2);
      recall_in(interval.high).*kind = quantile((1 + level) / 2);
    }
  };
  interval.low.tasks.resize(tasks);
  interval.high.tasks.resize(tasks);
  set([](auto& recalls) -> auto& { return recalls.mean; });
  for (std::size_t task = 0; task < tasks; ++task)
    set([task](auto& recalls) -> auto& { return recalls.tasks[task]; });
  return interval;
}

}  // namespace tvr

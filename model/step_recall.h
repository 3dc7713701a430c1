#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/datasets/crosstask.h"

namespace tvr {

/// Which of the T frames of a video, one a second, show which of the K steps of its task.
class StepLabels {
 public:
  /// A segment labels the frames from floor(start) to ceil(end) - 1 that there are; one that starts and ends
  /// at the same whole second labels none. The segments' steps are below `steps`.
  StepLabels(const std::vector<StepSegment>& segments, std::int64_t frames, std::int64_t steps);

  [[nodiscard]] std::int64_t frames() const noexcept { return frames_; }
  [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }
  [[nodiscard]] bool shows(std::int64_t frame, std::int64_t step) const {
    return shown_[static_cast<std::size_t>(frame * steps_ + step)] != 0;
  }
  /// Whether any frame shows it: only such steps can be found.
  [[nodiscard]] bool has(std::int64_t step) const;
  /// The number of steps that any frame shows.
  [[nodiscard]] std::int64_t present() const;

 private:
  std::int64_t frames_, steps_;
  std::vector<std::uint8_t> shown_;  // [T, K]
};

/// How many steps of a video were found, of those that it has; of a guess, how many are to be expected.
struct StepHits {
  std::size_t task = 0;
  double found = 0;
  std::int64_t present = 0;
};

/// The number of steps whose frame, frames[j] or kNone, shows them.
[[nodiscard]] double hits_of(const std::vector<std::int32_t>& frames, const StepLabels& labels);
/// The expected number when all ways to place the steps in order, each at a frame of its own, are equally
/// likely: step j is at frame t in C(t, j) C(T-1-t, K-1-j) of C(T, K) ways. 0 where T < K.
[[nodiscard]] double expected_hits_in_order(const StepLabels& labels);
/// The same when each step is at any frame, whatever the others.
[[nodiscard]] double expected_hits_in_any_order(const StepLabels& labels);

/// Recall of the steps, 0 to 1, as two public programs count it. NaN where no step can be found.
struct StepRecall {
  double pooled = 0;    // found steps of all videos / steps of all videos (CrossTask, VideoCLIP)
  double by_video = 0;  // mean over the videos of found / steps (howto_crosstask, MCN); those without steps
                        // do not count
};
/// Of each task, and the mean over the tasks that have a step.
struct TaskRecalls {
  std::vector<StepRecall> tasks;
  StepRecall mean;
};
/// `tasks`: their number; hits[i].task is below it.
[[nodiscard]] TaskRecalls step_recalls(const std::vector<StepHits>& hits, std::size_t tasks);

/// The percentile bootstrap over videos: the central `level` of each recall over `resamples` samples of the
/// videos of each task, drawn with replacement. Counter-based random numbers from `seed`: a pure function.
struct TaskRecallsInterval {
  TaskRecalls low, high;
};
[[nodiscard]] TaskRecallsInterval step_recalls_interval(const std::vector<StepHits>& hits, std::size_t tasks,
                                                        double level = 0.95, int resamples = 2000,
                                                        std::uint64_t seed = 1);

}  // namespace tvr

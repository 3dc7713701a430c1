#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/mutex.h"
#include "data/store/feature_store.h"
#include "pipeline/extraction/parallel_extract.h"

namespace tvr {

/// How far an extraction has come, in seconds of video: files are of very different lengths. Thread-safe.
class VideoProgress {
 public:
  /// `durations`: seconds of each task's video; 0: unknown, and estimated from the bytes of the others. Where
  /// none is known, videos are counted. `rows_per_second`: of all lanes together.
  VideoProgress(const std::vector<ExtractionTask>& tasks, const std::vector<double>& durations,
                double rows_per_second);

  void finish(const VideoOutcome& outcome);

  /// "s of video", or "videos".
  [[nodiscard]] const char* unit() const noexcept { return by_length_ ? "s of video" : "videos"; }
  [[nodiscard]] std::int64_t total() const noexcept;
  /// After this many clips have passed their network; never more than total().
  [[nodiscard]] std::int64_t done(std::int64_t clips) const;
  /// "58/60 videos, 2 failed, last: long.mp4 (38 %)": the videos that are left, where they are few, with
  /// their share of the whole.
  [[nodiscard]] std::string note() const;

 private:
  mutable Mutex mutex_;
  std::map<std::string, double> open_ TVR_GUARDED_BY(mutex_);  // seconds by id
  std::int64_t finished_rows_ TVR_GUARDED_BY(mutex_) = 0;
  std::int64_t failed_ TVR_GUARDED_BY(mutex_) = 0;
  double finished_s_ TVR_GUARDED_BY(mutex_) = 0;
  double total_s_ = 0;
  std::size_t videos_ = 0;
  double rows_per_second_;
  bool by_length_ = false;
};

}  // namespace tvr

#include "pipeline/extraction/video_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/datasets/video_id.h"

namespace tvr {

VideoProgress::VideoProgress(const std::vector<ExtractionTask>& tasks, const std::vector<double>& durations,
                             double rows_per_second)
    : videos_(tasks.size()), rows_per_second_(rows_per_second) {
  double known_s = 0, known_bytes = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (durations[i] <= 0) continue;
    known_s += durations[i];
    known_bytes += static_cast<double>(tasks[i].fingerprint.bytes);
  }
  by_length_ = known_s > 0 && rows_per_second > 0;
  const double per_byte = known_bytes > 0 ? known_s / known_bytes : 0;
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const double guess = static_cast<double>(tasks[i].fingerprint.bytes) * per_byte;
    const double seconds = !by_length_ ? 1 : durations[i] > 0 ? durations[i] : guess;
    open_.emplace(tasks[i].source.id, seconds);
    total_s_ += seconds;
  }
}

void VideoProgress::finish(const VideoOutcome& outcome) {
  const MutexLock lock(mutex_);
  const auto video = open_.find(outcome.source.id);
  if (video == open_.end()) return;
  finished_s_ += video->second;
  open_.erase(video);
  for (const auto& lane : outcome.lanes) finished_rows_ += lane.features.rows();
  if (outcome.status != Status::Ok && outcome.status != Status::Partial) ++failed_;
}

std::int64_t VideoProgress::total() const noexcept {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(total_s_)));
}

std::int64_t VideoProgress::done(std::int64_t clips) const {
  const MutexLock lock(mutex_);
  if (open_.empty()) return total();
  double open_s = 0;
  if (by_length_) {
    const auto of_open = static_cast<double>(std::max<std::int64_t>(0, clips - finished_rows_));
    open_s = std::min(of_open / rows_per_second_, total_s_ - finished_s_);
  }
  return std::min(total(), static_cast<std::int64_t>(finished_s_ + open_s));
}

std::string VideoProgress::note() const {
  constexpr std::size_t kNamed = 2;
  const MutexLock lock(mutex_);
  std::string text =
      by_length_ ? fmt::format("{}/{} videos", videos_ - open_.size(), videos_) : std::string();
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (failed_ > 0) add(fmt::format("{} failed", failed_));
  if (open_.empty() || open_.size() > kNamed || videos_ <= kNamed) return text;
  std::string last;
  for (const auto& [id, seconds] : open_) {
    last += (last.empty() ? "last: " : ", ") + video_line(id);
    if (by_length_) last += fmt::format(" ({:.0f} %)", 100 * seconds / total_s_);
  }
  add(last);
  return text;
}

}  // namespace tvr

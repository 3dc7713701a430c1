#include "pipeline/extraction/video_progress.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

constexpr double kRowsPerSecond = 2.5;  // of both lanes

std::vector<ExtractionTask> tasks_of(const std::vector<std::pair<std::string, std::int64_t>>& bytes_by_id) {
  std::vector<ExtractionTask> tasks;
  for (const auto& [id, bytes] : bytes_by_id) {
    ExtractionTask task;
    task.source.id = id;
    task.fingerprint.bytes = bytes;
    tasks.push_back(task);
  }
  return tasks;
}

VideoOutcome outcome(const std::string& id, std::int64_t rows, Status status = Status::Ok) {
  VideoOutcome made;
  made.source.id = id;
  made.status = status;
  VideoOutcome::Lane lane;
  lane.features.dim = 1;
  const float one = 1;
  for (std::int64_t i = 0; i < rows; ++i) lane.features.set(i, &one, {Micros(i), Micros(i + 1)});
  made.lanes.push_back(lane);
  return made;
}

TEST(VideoProgress, CountsSecondsOfVideoRatherThanFiles) {
  VideoProgress progress(tasks_of({{"a", 100}, {"b", 100}, {"long", 800}}), {10, 10, 80}, kRowsPerSecond);
  EXPECT_STREQ(progress.unit(), "s of video");
  EXPECT_EQ(progress.total(), 100);
  EXPECT_EQ(progress.done(0), 0);
  EXPECT_EQ(progress.done(50), 20) << "50 clips of 2.5 a second";
  progress.finish(outcome("a", 25));
  EXPECT_EQ(progress.done(50), 20) << "10 s of a, and 25 clips of others";
  progress.finish(outcome("b", 25));
  EXPECT_EQ(progress.done(100), 40);
  EXPECT_EQ(progress.note(), "2/3 videos, last: long (80 %)");
  progress.finish(outcome("long", 200));
  EXPECT_EQ(progress.done(250), 100);
}

TEST(VideoProgress, NeverExceedsTheWholeWhateverHeadersClaim) {
  VideoProgress progress(tasks_of({{"a", 1}, {"b", 1}}), {1, 1}, kRowsPerSecond);
  EXPECT_EQ(progress.done(1'000'000), 2);
  progress.finish(outcome("a", 3));
  EXPECT_EQ(progress.done(1'000'000), 2);
}

TEST(VideoProgress, EstimatesALengthThatIsUnknownFromTheBytes) {
  const VideoProgress progress(tasks_of({{"a", 100}, {"b", 300}}), {10, 0}, kRowsPerSecond);
  EXPECT_EQ(progress.total(), 40);
}

TEST(VideoProgress, CountsVideosWhereNoLengthIsKnown) {
  VideoProgress progress(tasks_of({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}), {0, 0, 0, 0}, kRowsPerSecond);
  EXPECT_STREQ(progress.unit(), "videos");
  EXPECT_EQ(progress.total(), 4);
  progress.finish(outcome("b", 0, Status::Unreadable));
  EXPECT_EQ(progress.done(100), 1);
  EXPECT_EQ(progress.note(), "1 failed");
}

}  // namespace
}  // namespace tvr

#include "pipeline/terminal/progress_text.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

using std::chrono::seconds;

const ProgressState kState{"extract", "videos", 12, 60, 3.14, "2 failed"};

TEST(ProgressText, ShowsEverythingWhereThereIsRoom) {
  EXPECT_EQ(progress_text(kState, 200, false),
            "extract 12/60 videos (20 %), 3.14 per second, 15 s left, 2 failed");
}

TEST(ProgressText, NeverSaysMoreThanTheWhole) {
  EXPECT_EQ(progress_text({"extract", "videos", 66, 60, 0, {}}, 200, false), "extract 66/60 videos (100 %)");
}

TEST(ProgressText, DrawsABarOfWhatIsDone) {
  EXPECT_EQ(progress_text(kState, 100, true),
            "extract #####................... 12/60 videos (20 %), 3.14 per second, 15 s left, 2 failed");
  EXPECT_EQ(progress_text(kState, 74, true),
            "extract ##...... 12/60 videos (20 %), 3.14 per second, 15 s left, 2 failed");
}

TEST(ProgressText, GivesUpTheLeastImportantFirst) {
  EXPECT_EQ(progress_text(kState, 50, true), "extract 12/60 videos (20 %), 15 s left, 2 failed");
  EXPECT_EQ(progress_text(kState, 42, true), "extract 12/60 (20 %), 15 s left, 2 failed");
  EXPECT_EQ(progress_text(kState, 35, true), "extract 12/60, 15 s left, 2 failed");
  EXPECT_EQ(progress_text(kState, 25, true), "extract 12/60, 2 failed");
  EXPECT_EQ(progress_text(kState, 14, true), "extract 12/60");
}

TEST(ProgressText, NeverIsWiderThanAsked) {
  for (std::size_t columns = 0; columns < 120; ++columns) {
    EXPECT_LE(progress_text(kState, columns, true).size(), columns);
  }
}

TEST(ProgressText, OfAnUnknownTotalCountsOnly) {
  EXPECT_EQ(progress_text({"look at", "files", 7, 0, 2, ""}, 80, true), "look at 7 files, 2 per second");
}

TEST(ProgressText, SaysNothingOfTimeWhenAllIsDone) {
  EXPECT_EQ(progress_text({"train", "steps", 9, 9, 2, ""}, 30, false), "train 9/9 steps (100 %)");
}

TEST(RateMeter, ForgetsASlowStart) {
  const RateMeter::Time start{};
  RateMeter meter(start);
  meter.add(start + seconds(100), 1);
  EXPECT_DOUBLE_EQ(meter.rate(), 0.01);
  for (int s = 101; s <= 200; ++s) meter.add(start + seconds(s), 1 + 10 * (s - 100));
  EXPECT_DOUBLE_EQ(meter.rate(), 10);
}

TEST(RateMeter, FallsWhileNothingComes) {
  const RateMeter::Time start{};
  RateMeter meter(start);
  meter.add(start + seconds(10), 100);
  meter.add(start + seconds(20), 100);
  EXPECT_DOUBLE_EQ(meter.rate(), 5);
}

}  // namespace
}  // namespace tvr

#include "extract/media/frame_rate.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace tvr {
namespace {

constexpr std::int64_t kUnknown = AV_NOPTS_VALUE;

/// Which source frame fills each slot when frames come at `pts` and the stream ends at `end`.
std::vector<int> choose(AVRational time_base, int fps, const std::vector<std::int64_t>& pts,
                        std::int64_t end) {
  FrameRate rate(time_base, fps);
  std::vector<int> chosen;
  for (std::size_t i = 0; i < pts.size(); ++i) {
    const FrameRate::Slots slots = rate.push(pts[i]);
    chosen.insert(chosen.end(), static_cast<std::size_t>(slots.count), static_cast<int>(i) - 1);
  }
  const FrameRate::Slots slots = rate.finish(end);
  chosen.insert(chosen.end(), static_cast<std::size_t>(slots.count), static_cast<int>(pts.size()) - 1);
  return chosen;
}

std::vector<std::int64_t> counting(std::int64_t frames) {
  std::vector<std::int64_t> pts;
  for (std::int64_t i = 0; i < frames; ++i) pts.push_back(i);
  return pts;
}

TEST(FrameRate, GivesAFrameForEachSecondRoundedToNearest) {
  // Lengths of a 30 fps source in frames and what the ffmpeg program makes of them at 1 fps.
  for (const auto& [frames, wanted] :
       std::vector<std::pair<int, std::size_t>>{{9, 0}, {15, 1}, {42, 1}, {45, 2}, {306, 10}}) {
    EXPECT_EQ(choose({1, 30}, 1, counting(frames), frames).size(), wanted) << frames << " frames at 30 fps";
  }
}

TEST(FrameRate, TakesTheLastFrameWhoseRoundedTimeHasCome) {
  EXPECT_EQ(choose({1, 25}, 1, counting(75), 75), (std::vector<int>{12, 37, 62}));
}

TEST(FrameRate, RepeatsAFrameThroughAGap) {
  EXPECT_EQ(choose({1, 1}, 2, {0, 3}, 4), (std::vector<int>{0, 0, 0, 0, 0, 0, 1, 1}));
}

TEST(FrameRate, KeepsEveryFrameOfAStreamOfItsOwnRate) {
  EXPECT_EQ(choose({1, 24}, 24, counting(5), 5), (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(FrameRate, BeginsWithTheFirstFrameThatHasATime) {
  EXPECT_EQ(choose({1, 24}, 24, {kUnknown, 3, 4}, 5), (std::vector<int>{1, 2}));
}

TEST(FrameRate, GivesTheNewestFrameWhereTimesGoBackward) {
  EXPECT_EQ(choose({1, 1}, 1, {0, 1, 2, 1, 3}, 4), (std::vector<int>{0, 1, 3, 4}));
}

TEST(ConstantRate, WritesEachPictureOnceWhenAllIsInStep) {
  ConstantRate rate;
  for (std::int64_t slot = 0; slot < 1000; ++slot) {
    const ConstantRate::Copies copies = rate.at(slot);
    EXPECT_EQ(copies.previous, 0);
    EXPECT_EQ(copies.current, 1);
  }
  EXPECT_EQ(rate.at_end(), 0);
}

TEST(ConstantRate, PadsALateStart) {
  for (const std::int64_t start : {1, 2, 3, 100}) {
    ConstantRate rate;
    const ConstantRate::Copies copies = rate.at(start);
    EXPECT_EQ(copies.previous + copies.current, start + 1) << start;
    EXPECT_EQ(rate.at(start + 1).current, 1) << start;
  }
}

TEST(ConstantRate, FillsAGapWithThePictureBefore) {
  ConstantRate rate;
  static_cast<void>(rate.at(0));
  const ConstantRate::Copies copies = rate.at(5);
  EXPECT_EQ(copies.previous, 3);
  EXPECT_EQ(copies.current, 2);
}

TEST(ConstantRate, DropsPicturesThatComeFarTooEarly) {
  ConstantRate rate;
  EXPECT_EQ(rate.at(-3).current, 0);
  EXPECT_EQ(rate.at(-2).current, 1);
}

TEST(ConstantRate, LeavesAGapOfMoreThan108000PicturesUnfilled) {
  ConstantRate filled;
  EXPECT_FALSE(filled.at(107'999).forget);
  ConstantRate rate;
  const ConstantRate::Copies copies = rate.at(108'000);
  EXPECT_EQ(copies.previous + copies.current, 0);
  EXPECT_TRUE(copies.forget);
}

TEST(ConstantRate, RepeatsTheLastPictureAtTheEndByTheMedianOfTheLastThreeGaps) {
  ConstantRate rate;
  static_cast<void>(rate.at(0));
  static_cast<void>(rate.at(5));   // 3 of the picture before
  static_cast<void>(rate.at(10));  // again
  EXPECT_EQ(rate.at_end(), 3);
  static_cast<void>(rate.at(11));
  static_cast<void>(rate.at(12));
  EXPECT_EQ(rate.at_end(), 0);
}

}  // namespace
}  // namespace tvr

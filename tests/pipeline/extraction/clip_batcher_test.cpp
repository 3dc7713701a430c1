#include "pipeline/extraction/clip_batcher.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

WaitingClip clip(std::size_t lane, int height, std::int64_t index = 0) {
  WaitingClip waiting;
  waiting.lane = lane;
  waiting.clip.height = height;
  waiting.clip.width = 10;
  waiting.clip.index = index;
  return waiting;
}

TEST(ClipBatcher, GivesABatchWhenItIsFull) {
  ClipBatcher batcher(2, 100);
  EXPECT_TRUE(batcher.add(clip(0, 10, 7)).empty());
  const auto batch = batcher.add(clip(0, 10, 8));
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[0].clip.index, 7);
  EXPECT_EQ(batch[1].clip.index, 8);
}

TEST(ClipBatcher, KeepsLanesAndSizesApart) {
  ClipBatcher batcher(2, 100);
  EXPECT_TRUE(batcher.add(clip(0, 10)).empty());
  EXPECT_TRUE(batcher.add(clip(1, 10)).empty());
  EXPECT_TRUE(batcher.add(clip(0, 11)).empty());
  EXPECT_EQ(batcher.add(clip(1, 10)).size(), 2u);
}

TEST(ClipBatcher, KeepsDevicesApart) {
  ClipBatcher batcher(2, 100);
  WaitingClip other = clip(0, 10);
  other.device = 1;
  EXPECT_TRUE(batcher.add(clip(0, 10)).empty());
  EXPECT_TRUE(batcher.add(std::move(other)).empty());
  EXPECT_EQ(batcher.add(clip(0, 10)).size(), 2u);
}

TEST(ClipBatcher, LetsNoMoreWaitThanItsLimit) {
  ClipBatcher batcher(8, 3);
  EXPECT_TRUE(batcher.add(clip(0, 10)).empty());
  EXPECT_TRUE(batcher.add(clip(0, 11)).empty());
  EXPECT_TRUE(batcher.add(clip(0, 11)).empty());
  EXPECT_EQ(batcher.add(clip(0, 12)).size(), 2u) << "the largest group goes";
}

TEST(ClipBatcher, FlushesEverythingInTheEnd) {
  ClipBatcher batcher(8, 100);
  for (int height = 10; height < 15; ++height) EXPECT_TRUE(batcher.add(clip(0, height)).empty());
  std::size_t flushed = 0;
  for (auto batch = batcher.flush(); !batch.empty(); batch = batcher.flush()) flushed += batch.size();
  EXPECT_EQ(flushed, 5u);
}

TEST(ClipBatcher, OfOneNeedsNoWaiting) {
  ClipBatcher batcher(1, 4);
  EXPECT_EQ(batcher.add(clip(0, 10)).size(), 1u);
}

}  // namespace
}  // namespace tvr

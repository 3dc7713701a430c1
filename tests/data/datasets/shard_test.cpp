#include "data/datasets/shard.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/expect_error.h"

namespace tvr {
namespace {

std::vector<VideoSource> videos(int count) {
  std::vector<VideoSource> all;
  for (int i = 0; i < count; ++i) all.push_back({"video" + std::to_string(i), "v"});
  return all;
}

TEST(Shard, PartsAreDisjointAndCoverEverything) {
  std::set<std::string> seen;
  for (std::uint64_t part = 1; part <= 7; ++part) {
    for (const VideoSource& video : shard_of(videos(500), {part, 7})) {
      EXPECT_TRUE(seen.insert(video.id).second) << video.id;
    }
  }
  EXPECT_EQ(seen.size(), 500u);
}

TEST(Shard, DoesNotMoveAVideoWhenOthersAreAdded) {
  const auto few = shard_of(videos(100), {2, 4}), many = shard_of(videos(1000), {2, 4});
  ASSERT_LT(few.size(), many.size());
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i].id, many[i].id);
}

TEST(Shard, NumbersAreThoseOfTheirParts) {
  for (const VideoSource& video : shard_of(videos(100), {3, 7})) EXPECT_EQ(shard_number(video.id, 7), 3U);
}

TEST(Shard, ArraysAreWrittenAsSlurmTakesThem) {
  EXPECT_EQ(array_expression({}), "");
  EXPECT_EQ(array_expression({5}), "5");
  EXPECT_EQ(array_expression({1, 2, 3, 7, 12, 13}), "1-3,7,12-13");
}

TEST(Shard, IsNamedByItsNumberAndHowManyThereAre) {
  EXPECT_EQ(shard_named("3/16").index, 3u);
  EXPECT_EQ(shard_named("3/16").count, 16u);
  EXPECT_EQ(shard_named("1/1").count, 1u);
}

TEST(Shard, RefusesWhatIsNotAPartOfAWhole) {
  for (const char* text : {"", "3", "0/4", "5/4", "1/0", "1/2/3", "-1/4", "a/b", "1/ 4"}) {
    testing::expect_error([&] { (void)shard_named(text); }, Fault::InvalidArgument, "for example, 3/16");
  }
}

}  // namespace
}  // namespace tvr

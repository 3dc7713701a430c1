#include "model/pair_source.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

TEST(GroupsOf, PutsPairsOfOneClipTogether) {
  const std::vector<std::int32_t> groups = groups_of({{4, 7, 4}, {{1}, {2}, {3}}});
  EXPECT_EQ(groups[0], groups[2]);
  EXPECT_NE(groups[0], groups[1]);
}

TEST(GroupsOf, PutsClipsTogetherThatShareACaption) {
  // 1 and 2 share {5, 6}, 2 and 3 share {7}; 4 has a part of a caption alone, 5 none at all, like 6.
  const std::vector<std::int32_t> groups =
      groups_of({{1, 2, 2, 3, 4, 5, 6}, {{5, 6}, {5, 6}, {7}, {7}, {5}, {}, {}}});
  EXPECT_EQ(groups[0], groups[1]);
  EXPECT_EQ(groups[1], groups[2]);
  EXPECT_EQ(groups[2], groups[3]);
  EXPECT_NE(groups[3], groups[4]);
  EXPECT_NE(groups[4], groups[5]);
  EXPECT_EQ(groups[5], groups[6]) << "neither has a known word: their texts are equal";
}

}  // namespace
}  // namespace tvr

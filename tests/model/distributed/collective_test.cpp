#include "model/distributed/collective.h"

#include <gtest/gtest.h>

#include <vector>

namespace tvr {
namespace {

TEST(Alone, IsRankZeroOfOneAndGathersItsOwn) {
  Collective& group = alone();
  EXPECT_EQ(group.rank(), 0);
  EXPECT_EQ(group.size(), 1);
  const std::vector<float> mine = {1, 2, 3};
  std::vector<float> all(3);
  group.all_gather(mine.data(), all.data(), {12});
  EXPECT_EQ(all, mine);
  group.all_gather(all.data(), all.data(), {12});  // in its place
  group.broadcast(all.data(), 12);
  EXPECT_EQ(all, mine);
}

}  // namespace
}  // namespace tvr

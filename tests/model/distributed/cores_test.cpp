#include "model/distributed/cores.h"

#include <gtest/gtest.h>

#include "data/usable_cores.h"
#include "thread_group.h"

namespace tvr {
namespace {

TEST(CoresOfMember, AreDividedAmongTheProcessesOfAMachineThatShareThem) {
  const std::vector<MemberCores> members = {
      {"a", {0xff}, 8}, {"a", {0xff}, 8}, {"a", {0xff}, 8}, {"b", {0xff}, 8}};
  EXPECT_EQ(cores_of_member(members, 0), 2);
  EXPECT_EQ(cores_of_member(members, 2), 2);
  EXPECT_EQ(cores_of_member(members, 3), 8);
}

TEST(CoresOfMember, AreItsOwnWhereALauncherHasBoundIt) {
  const std::vector<MemberCores> members = {{"a", {0x0f}, 4}, {"a", {0xf0}, 4}, {"a", {0, 1}, 1}};
  EXPECT_EQ(cores_of_member(members, 0), 3) << "9 cores among 3";
  EXPECT_EQ(cores_of_member(members, 2), 1);
  EXPECT_EQ(cores_of_member({{"a", {0x0f}, 4}, {"a", {0xf0}, 4}}, 1), 4);
}

TEST(CoresOfMember, AreNoMoreThanAQuotaGrants) {
  EXPECT_EQ(cores_of_member({{"a", {0xff}, 4}, {"a", {0xff}, 4}}, 0), 2);
  EXPECT_EQ(cores_of_member({{"a", {0xff}, 1}, {"a", {0xff}, 1}}, 0), 1) << "at least one";
  EXPECT_EQ(cores_of_member({{"a", {}, 6}, {"a", {}, 6}}, 0), 3) << "the mask is unknown";
}

TEST(CoresOfMember, OfThisMachineAreShared) {
  EXPECT_EQ(cores_of_member(alone()), usable_cores());
  testing::ThreadGroup(2).run(
      [](Collective& group) { EXPECT_EQ(cores_of_member(group), std::max(1, usable_cores() / 2)); });
}

}  // namespace
}  // namespace tvr

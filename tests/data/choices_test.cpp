#include "data/choices.h"

#include <gtest/gtest.h>

#include "../support/expect_error.h"

namespace tvr {
namespace {

enum class Fruit { Apple, Pear, Plum };
constexpr Choices<Fruit, 2> kTwo{{{"pear", Fruit::Pear}, {"apple", Fruit::Apple}}};
constexpr Choices<int, 3> kThree{{{"none", -1}, {"one", 1}, {"two", 2}}};

TEST(Choices, MapEachNameToItsValueAndBack) {
  EXPECT_STREQ(kTwo.name(Fruit::Apple), "apple");
  EXPECT_EQ(kTwo.named("--fruit", "pear"), Fruit::Pear);
  EXPECT_EQ(kThree.find("none"), -1);
  EXPECT_TRUE(kTwo.holds(Fruit::Pear));
}

TEST(Choices, HoldNoOtherNameOrValue) {
  EXPECT_FALSE(kTwo.holds(Fruit::Plum));
  EXPECT_STREQ(kTwo.name(Fruit::Plum), "");
  for (const char* name : {"plum", "Pear", "pear ", ""}) EXPECT_EQ(kTwo.find(name), std::nullopt) << name;
}

TEST(Choices, RefuseAnUnknownNameWithWhereItStandsAndTheKnownOnes) {
  testing::expect_error([] { (void)kTwo.named("--fruit", "plum"); }, Fault::InvalidArgument,
                        "--fruit: 'plum' is not known");
  testing::expect_error([] { (void)kTwo.named("--fruit", "plum"); }, Fault::InvalidArgument,
                        "Use pear or apple");
}

TEST(Choices, AreListedInTheirOrder) {
  EXPECT_EQ(kTwo.names(), (std::vector<std::string>{"pear", "apple"}));
  EXPECT_EQ(kTwo.text(), "pear or apple");
  EXPECT_EQ(kThree.text(), "none, one or two");
}

}  // namespace
}  // namespace tvr

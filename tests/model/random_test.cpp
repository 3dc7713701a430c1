#include "model/random.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tvr {
namespace {

TEST(CounterRandom, GivesTheSameNumbersEverywhere) {
  const CounterRandom random(1, RandomUse::Weights, 2);
  EXPECT_EQ(random.bits(0), CounterRandom(1, RandomUse::Weights, 2).bits(0));
  EXPECT_NE(random.bits(0), CounterRandom(2, RandomUse::Weights, 2).bits(0));
  EXPECT_NE(random.bits(0), CounterRandom(1, RandomUse::ClipOrder, 2).bits(0));
  EXPECT_NE(random.bits(0), CounterRandom(1, RandomUse::Weights, 3).bits(0));
}

TEST(CounterRandom, IsUniformInTheUnitInterval) {
  const CounterRandom random(7, RandomUse::Weights);
  double sum = 0, squares = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double value = static_cast<double>(random.uniform(static_cast<std::uint64_t>(i)));
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.005);
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 0.005);
}

TEST(Shuffle, ReachesEveryOrderEquallyOften) {
  std::vector<int> counts(6);
  for (std::uint64_t epoch = 0; epoch < 6000; ++epoch) {
    std::vector<int> order = {0, 1, 2};
    shuffle(order, CounterRandom(3, RandomUse::ClipOrder, epoch));
    ++counts[static_cast<std::size_t>(order[0] * 2 + (order[1] > order[2] ? 1 : 0))];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace tvr

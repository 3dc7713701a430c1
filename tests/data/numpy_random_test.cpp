#include "data/numpy_random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tvr {
namespace {

using ::testing::ElementsAre;

std::vector<std::uint32_t> first(std::vector<std::uint32_t> numbers, std::size_t count) {
  numbers.resize(count);
  return numbers;
}

// Values of np.random.seed(s) and np.random.choice or randint in numpy 1.24.2.

TEST(NumpyRandom, PermutesAsNumpy) {
  EXPECT_THAT(first(NumpyRandom(0).permutation(10), 3), ElementsAre(2, 8, 4));
  EXPECT_THAT(NumpyRandom(1).permutation(10), ElementsAre(2, 9, 6, 4, 0, 3, 1, 7, 8, 5));
  EXPECT_THAT(NumpyRandom(1).permutation(5), ElementsAre(2, 1, 4, 0, 3));
  EXPECT_THAT(first(NumpyRandom(1).permutation(1000), 8),
              ElementsAre(507, 818, 452, 368, 242, 929, 262, 810));
  EXPECT_THAT(first(NumpyRandom(0).permutation(200), 8), ElementsAre(18, 170, 107, 98, 177, 182, 5, 146));
  EXPECT_THAT(NumpyRandom(7).permutation(1), ElementsAre(0));
  EXPECT_TRUE(NumpyRandom(7).permutation(0).empty());
}

TEST(NumpyRandom, DrawsAsNumpyWithReplacement) {
  const auto draws = [](std::uint32_t seed, std::uint32_t population, int count) {
    NumpyRandom random(seed);
    std::vector<std::uint32_t> numbers;
    for (int i = 0; i < count; ++i) numbers.push_back(random.at_most(population - 1));
    return numbers;
  };
  EXPECT_THAT(draws(1, 3, 8), ElementsAre(1, 0, 0, 1, 1, 0, 0, 1));
  EXPECT_THAT(draws(1, 110, 12), ElementsAre(37, 107, 12, 72, 9, 75, 5, 79, 64, 16, 1, 76));
  EXPECT_THAT(draws(0, 7, 5), ElementsAre(4, 5, 0, 3, 3));
}

TEST(NumpyRandom, TakesNoNumberWhereThereIsNoChoice) {
  NumpyRandom random(1), other(1);
  EXPECT_EQ(random.at_most(0), 0U);
  EXPECT_EQ(random.at_most(1000), other.at_most(1000));
}

}  // namespace
}  // namespace tvr

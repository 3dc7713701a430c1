#include "data/huge_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace tvr {
namespace {

using Floats = std::vector<float, HugePageAllocator<float>>;

std::uintptr_t place_in_page(const Floats& values) {
  return reinterpret_cast<std::uintptr_t>(values.data()) % HugePageAllocator<float>::kPage;
}

TEST(HugePages, LargeArraysMeetInDifferentSetsOfTheCache) {
  constexpr std::size_t kWaySize = 4096;  // of a first cache of 64 sets: addresses as far apart share one
  const std::vector<Floats> arrays(4, Floats(HugePageAllocator<float>::kLarge / sizeof(float), 1.0F));
  std::set<std::uintptr_t> sets;
  for (const Floats& each : arrays) {
    EXPECT_EQ(place_in_page(each) % 64, 0U) << "a cache line's begin";
    EXPECT_FLOAT_EQ(each.back(), 1);
    sets.insert(place_in_page(each) % kWaySize);
  }
  EXPECT_EQ(sets.size(), arrays.size());
}

TEST(HugePages, ArraysOfEverySizeAreFreedAsTheyWereTaken) {
  constexpr std::size_t kLarge = HugePageAllocator<float>::kLarge / sizeof(float);
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, kLarge - 1, kLarge, kLarge + 1}) {
    Floats values(count);
    values.resize(2 * count + 1, 2.0F);
    EXPECT_FLOAT_EQ(values.back(), 2);
  }
}

}  // namespace
}  // namespace tvr

#include "pipeline/serve/bounded_cache.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

TEST(BoundedCache, ForgetsTheLeastRecentlyUsedWhenItIsFull) {
  BoundedCache<int> cache(10);
  cache.put("a", 1, 4);
  cache.put("b", 2, 4);
  EXPECT_EQ(cache.find("a"), 1);  // now b is the older
  cache.put("c", 3, 4);
  EXPECT_EQ(cache.find("a"), 1);
  EXPECT_EQ(cache.find("b"), std::nullopt);
  EXPECT_EQ(cache.find("c"), 3);
  EXPECT_EQ(cache.used(), 8U);
}

TEST(BoundedCache, DoesNotKeepWhatIsTooLargeAndKeepsTheFirstOfTwo) {
  BoundedCache<int> cache(10);
  cache.put("a", 1, 11);
  EXPECT_EQ(cache.find("a"), std::nullopt);
  cache.put("b", 2, 5);
  cache.put("b", 3, 5);
  EXPECT_EQ(cache.find("b"), 2);
  EXPECT_EQ(cache.used(), 5U);
}

TEST(BoundedCache, NeverPassesItsBudget) {
  BoundedCache<int> cache(100);
  for (int i = 0; i < 1000; ++i) {
    cache.put(std::to_string(i), i, static_cast<std::size_t>(i % 37));
    ASSERT_LE(cache.used(), 100U);
  }
}

}  // namespace
}  // namespace tvr

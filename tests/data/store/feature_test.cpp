#include "data/store/feature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/expect_error.h"

namespace tvr {
namespace {

TEST(MaxPool, TakesTheRowsThatOverlapTheSpan) {
  FeatureSequence features;
  features.values = Matrix(3, 2);
  for (int i = 0; i < 3; ++i) {
    features.values.row(i)[0] = static_cast<float>(i);
    features.values.row(i)[1] = static_cast<float>(-i);
    features.times.push_back({Micros(10 * i), Micros(10 * i + 10)});
  }
  EXPECT_EQ(max_pool(features), (ClipFeature{2, 0}));
  EXPECT_EQ(max_pool(features, {Micros(5), Micros(20)}), (ClipFeature{1, 0}))
      << "half-open: row 2 starts at 20";
  EXPECT_EQ(max_pool(features, {Micros(15), Micros(16)}), (ClipFeature{1, -1}));
  testing::expect_error(
      [&] {
        (void)max_pool(features, TimeSpan{Micros(30), Micros(40)});
      },
      Fault::NotFound, "beyond");
}

TEST(PoolLanes, PutsTheNormalisedMaximumAndMeanOfEachLaneSideBySide) {
  FeatureSequence lane;
  lane.values = Matrix(2, 2);
  lane.values.row(0)[0] = 3;
  lane.values.row(1)[0] = 1;
  lane.values.row(1)[1] = 4;
  lane.times = {{Micros(0), Micros(10)}, {Micros(10), Micros(20)}};
  const float mean = std::sqrt(0.5F);
  EXPECT_EQ(pool_lanes({lane}), (ClipFeature{0.6F, 0.8F}));
  const ClipFeature both = pool_lanes({lane, lane}, std::nullopt, kPoolings.named("--pooling", "max+mean"));
  ASSERT_EQ(both.size(), 4u * static_cast<std::size_t>(pooled_parts(Pooling::MaxMean)));
  for (const std::size_t i : {2, 3, 6, 7}) EXPECT_FLOAT_EQ(both[i], mean) << i;
  EXPECT_EQ(pool_lanes({lane}, TimeSpan{Micros(0), Micros(1)}, Pooling::MaxMean), (ClipFeature{1, 0, 1, 0}));
  const ClipFeature means = pool_lanes({lane}, std::nullopt, Pooling::Mean);
  ASSERT_EQ(means.size(), 2u * static_cast<std::size_t>(pooled_parts(Pooling::Mean)));
  for (const float value : means) EXPECT_FLOAT_EQ(value, mean);
  testing::expect_error(
      [&] {
        (void)pool_lanes({lane}, TimeSpan{Micros(30), Micros(40)});
      },
      Fault::NotFound, "beyond");
  testing::expect_error([] { (void)kPoolings.named("--pooling", "min"); }, Fault::InvalidArgument,
                        "max+mean");
}

TEST(PoolLanes, NormalisesEachLaneAndPutsThemSideBySide) {
  FeatureSequence first, second;
  first.values = Matrix(2, 2);
  first.values.row(0)[0] = 3;
  first.values.row(1)[1] = 4;
  first.times = {{Micros(0), Micros(10)}, {Micros(10), Micros(20)}};
  second.values = Matrix(1, 1);
  second.values.row(0)[0] = -7;
  second.times = {{Micros(0), Micros(20)}};
  const ClipFeature pooled = pool_lanes({first, second});
  ASSERT_EQ(pooled.size(), 3U);
  EXPECT_FLOAT_EQ(pooled[0], 0.6F);
  EXPECT_FLOAT_EQ(pooled[1], 0.8F);
  EXPECT_FLOAT_EQ(pooled[2], -1);
  EXPECT_EQ(pool_lanes({first, second}, TimeSpan{Micros(0), Micros(5)}), (ClipFeature{1, 0, -1}));
  first.times[1] = {Micros(10), Micros(12)};
  testing::expect_error(
      [&] {
        (void)pool_lanes({first, second}, TimeSpan{Micros(12), Micros(15)});
      },
      Fault::NotFound, "beyond");
}

}  // namespace
}  // namespace tvr

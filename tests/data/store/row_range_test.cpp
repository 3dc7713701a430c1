#include "data/store/row_range.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"
#include "tests/support/shared_data.h"

namespace tvr {
namespace {

using testing::expect_error;

/// Rows that follow each other at `rate` per second, as extraction and import write them.
FeatureSequence lane_of(const std::vector<std::vector<float>>& rows, double rate) {
  FeatureSequence lane;
  lane.values = Matrix(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows[0].size()));
  const auto at = [rate](std::size_t i) { return Micros(std::llround(static_cast<double>(i) * 1e6 / rate)); };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), lane.values.row(static_cast<std::int64_t>(i)));
    lane.times.push_back({at(i), at(i + 1)});
  }
  return lane;
}

TimeSpan span_of(double start, double end) {
  return {Micros(std::llround(start * 1e6)), Micros(std::llround(end * 1e6))};
}

// Computed with antoine77340/howto100m 50af0ff (youtube_dataloader.py, _get_video) under numpy 1.24 and
// PyTorch 1.13: rows of a 2D lane of 7 rows at 1 per second and a 3D lane of 11 rows at 1.5 per second, cut
// as Python's slices are.
struct ReferenceRows {
  double start, end;
  RowRange rows_2d, rows_3d;
};
constexpr std::int64_t kRows2d = 7, kRows3d = 11;
const ReferenceRows kReferenceRows[] = {
    {0, 0, {0, 1}, {0, 1}},
    {0, 0.5, {0, 1}, {0, 1}},
    {0.9, 1, {0, 2}, {1, 2}},
    {1, 1.9, {1, 2}, {1, 3}},
    {0, 100, {0, 7}, {0, 11}},
    {6, 6.5, {6, 7}, {9, 10}},
    {7, 8, {7, 7}, {10, 11}},
    {7.4, 9, {7, 7}, {11, 11}},
    {3, 2, {3, 3}, {4, 4}},
    {4, 1, {4, 4}, {6, 6}},
    {0.6666667, 0.67, {0, 1}, {1, 2}},
    {-0.5, 1, {0, 2}, {0, 2}},
    {3.3333333333333335, 3.34, {3, 4}, {5, 6}},
    {2.66, 3.3, {2, 4}, {3, 5}},
};

TEST(RowsByNumber, AreThoseOfTheReference) {
  const FeatureSequence lane_2d = lane_of(std::vector(kRows2d, std::vector<float>(1)), 1);
  const FeatureSequence lane_3d = lane_of(std::vector(kRows3d, std::vector<float>(1)), 1.5);
  for (const ReferenceRows& clip : kReferenceRows) {
    SCOPED_TRACE(std::to_string(clip.start) + " to " + std::to_string(clip.end));
    EXPECT_EQ(rows_by_number(clip.start, clip.end, 1, kRows2d), clip.rows_2d);
    EXPECT_EQ(rows_by_number(clip.start, clip.end, 1.5, kRows3d), clip.rows_3d);
    EXPECT_EQ(rows_by_number(span_of(clip.start, clip.end), lane_2d.times), clip.rows_2d) << "by times";
    EXPECT_EQ(rows_by_number(span_of(clip.start, clip.end), lane_3d.times), clip.rows_3d) << "by times";
  }
}

TEST(RowsByNumber, AgreeByTimesForWholeSecondsOfAnyRate) {
  for (const double rate : {0.5, 1.0, 1.5, 2.0, 3.0, 24.0 / 16, 25.0 / 16}) {
    const FeatureSequence lane = lane_of(std::vector(100, std::vector<float>(1)), rate);
    for (int start = 0; start < 70; ++start) {
      for (int end = start; end < 70; ++end) {
        ASSERT_EQ(rows_by_number(span_of(start, end), lane.times), rows_by_number(start, end, rate, 100))
            << start << " to " << end << " at " << rate;
      }
    }
  }
}

TEST(RowsByNumber, OfImpossibleTimesAreNone) {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::nan("");
  EXPECT_TRUE(rows_by_number(-9, -3, 1.5, 5).empty());
  EXPECT_TRUE(rows_by_number(1e300, 1e308, 1.5, 5).empty());
  EXPECT_TRUE(rows_by_number(nan, nan, 1, 5).empty());
  EXPECT_EQ(rows_by_number(-infinity, infinity, 1, 5), (RowRange{0, 5}));
  EXPECT_TRUE(rows_by_number(0, 1, 1, 0).empty());
}

TEST(PoolLanesByNumber, ALaneWithoutARowIsZerosAndCounted) {
  const std::vector<FeatureSequence> lanes = {lane_of({{1, 2}, {3, -4}, {0, 9}}, 1),
                                              lane_of({{5}, {-6}}, 1.5)};
  std::int64_t without_rows = -1;
  const ClipFeature both = pool_lanes_by_number(lanes, span_of(0, 1), Pooling::Max, without_rows);
  EXPECT_EQ(without_rows, 0);
  EXPECT_NEAR(both[0], 3 / std::sqrt(13.0), 1e-6);
  EXPECT_NEAR(both[1], 2 / std::sqrt(13.0), 1e-6);
  EXPECT_EQ(both[2], 1);
  EXPECT_EQ(pool_lanes_by_number(lanes, span_of(2, 4), Pooling::Max, without_rows), (ClipFeature{0, 1, 0}));
  EXPECT_EQ(without_rows, 1);
  EXPECT_EQ(pool_lanes_by_number(lanes, span_of(5, 6), Pooling::MaxMean, without_rows), ClipFeature(6, 0.0F));
  EXPECT_EQ(without_rows, 2);
  EXPECT_EQ(pool_lanes_by_number(lanes, std::nullopt, Pooling::Max, without_rows), pool_lanes(lanes));
  EXPECT_EQ(without_rows, 0);
}

TEST(PoolLanesByNumber, RowsOfUnknownTimeAreNoPartOfAVideo) {
  FeatureSequence lane = lane_of({{1}, {2}}, 1);
  lane.times = {{}, {}};
  std::int64_t without_rows = 0;
  expect_error([&] { (void)pool_lanes_by_number({lane}, span_of(0, 1), Pooling::Max, without_rows); },
               Fault::Mismatch, "times of the rows are not known");
}

TEST(PoolLanesByNumber, EqualsTheGoldenClips) {
  TVR_NEEDS_SHARED("golden/time_slices.json");
  std::ifstream file(testing::shared_data("golden/time_slices.json"));
  const nlohmann::json golden = nlohmann::json::parse(file);
  const std::vector<FeatureSequence> lanes = {
      lane_of(golden["features_2d"].get<std::vector<std::vector<float>>>(), 1),
      lane_of(golden["features_3d"].get<std::vector<std::vector<float>>>(), 1.5)};
  for (const nlohmann::json& clip : golden["cases"]) {
    SCOPED_TRACE(clip.dump());
    const double start = clip["start"], end = clip["end"];
    std::int64_t without_rows = 0;
    const ClipFeature feature = pool_lanes_by_number(lanes, span_of(start, end), Pooling::Max, without_rows);
    EXPECT_EQ(without_rows, clip["said_empty"].get<std::int64_t>());
    ASSERT_EQ(feature.size(), clip["clip"].size());
    for (std::size_t i = 0; i < feature.size(); ++i)
      EXPECT_NEAR(feature[i], clip["clip"][i].get<float>(), 2e-6);
  }
}

}  // namespace
}  // namespace tvr

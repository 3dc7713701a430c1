#include "pipeline/localization/frame_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tvr {
namespace {

using ::testing::ElementsAre;

/// Frames whose rows, by number, have column 0 rising and column 1 falling: from the pair of maxima the first
/// and the last row that a frame takes can be told.
std::vector<std::pair<int, int>> rows_taken(std::int64_t rows, std::int64_t frames) {
  Matrix matrix(rows, 2);
  for (std::int64_t row = 0; row < rows; ++row) {
    matrix.row(row)[0] = static_cast<float>(row);
    matrix.row(row)[1] = static_cast<float>(-row);
  }
  const Matrix pooled = adaptive_max_pool(matrix, frames, 0, frames);
  std::vector<std::pair<int, int>> taken;
  for (std::int64_t i = 0; i < frames; ++i)
    taken.emplace_back(-static_cast<int>(pooled.row(i)[1]), static_cast<int>(pooled.row(i)[0]) + 1);
  return taken;
}

/// The rows from and past that torch.nn.functional.adaptive_max_pool1d (PyTorch 1.13) took.
TEST(AdaptiveMaxPool, TakesTheRowsOfTorch) {
  using Rows = std::vector<std::pair<int, int>>;
  EXPECT_EQ(rows_taken(14, 9),
            (Rows{{0, 2}, {1, 4}, {3, 5}, {4, 7}, {6, 8}, {7, 10}, {9, 11}, {10, 13}, {12, 14}}));
  EXPECT_EQ(rows_taken(9, 14), (Rows{{0, 1},
                                     {0, 2},
                                     {1, 2},
                                     {1, 3},
                                     {2, 4},
                                     {3, 4},
                                     {3, 5},
                                     {4, 6},
                                     {5, 6},
                                     {5, 7},
                                     {6, 8},
                                     {7, 8},
                                     {7, 9},
                                     {8, 9}}));
  EXPECT_EQ(rows_taken(5, 5), (Rows{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}}));
  EXPECT_EQ(rows_taken(7, 3), (Rows{{0, 3}, {2, 5}, {4, 7}}));
  EXPECT_EQ(rows_taken(3, 7), (Rows{{0, 1}, {0, 1}, {0, 2}, {1, 2}, {1, 3}, {2, 3}, {2, 3}}));
  EXPECT_EQ(rows_taken(1, 4), (Rows{{0, 1}, {0, 1}, {0, 1}, {0, 1}}));
}

FeatureSequence lane(std::vector<std::vector<float>> rows) {
  FeatureSequence lane{
      Matrix(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows[0].size())), {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), lane.values.row(static_cast<std::int64_t>(i)));
    lane.times.push_back({std::chrono::seconds(i), std::chrono::seconds(i + 1)});
  }
  return lane;
}

std::vector<float> row(const Matrix& matrix, std::int64_t i) {
  return {matrix.row(i), matrix.row(i) + matrix.cols()};
}

TEST(FrameFeatures, HaveEachLaneOfUnitLength) {
  const std::vector<FeatureSequence> lanes = {lane({{3, 4}, {0, 0}}), lane({{2}, {-1}, {5}, {-7}})};
  const Matrix features = frame_features(lanes, Pooling::Max, 2, 0, 2);
  EXPECT_THAT(row(features, 0), ElementsAre(0.6F, 0.8F, 1));
  EXPECT_THAT(row(features, 1), ElementsAre(0, 0, 1));
}

TEST(FrameFeatures, OfAPartAreThoseOfTheWhole) {
  const std::vector<FeatureSequence> lanes = {lane({{1}, {2}, {-3}, {4}, {-5}}),
                                              lane({{1, 2}, {-3, 4}, {5, -6}})};
  const Matrix whole = frame_features(lanes, Pooling::Max, 5, 0, 5),
               part = frame_features(lanes, Pooling::Max, 5, 3, 2);
  EXPECT_EQ(row(part, 0), row(whole, 3));
  EXPECT_EQ(row(part, 1), row(whole, 4));
}

TEST(FrameFeatures, AreThoseOfAClipOfOneRow) {
  const std::vector<FeatureSequence> lanes = {lane({{3, -4}}), lane({{2, 1, -2}})};
  for (const Pooling pooling : {Pooling::Max, Pooling::MaxMean})
    EXPECT_EQ(row(frame_features(lanes, pooling, 1, 0, 1), 0), pool_lanes(lanes, std::nullopt, pooling));
}

}  // namespace
}  // namespace tvr

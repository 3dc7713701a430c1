#include "model/step_assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/random.h"

namespace tvr {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

/// Rows of `steps` numbers, in units of 1/16.
Matrix matrix_of(std::int64_t steps, const std::vector<int>& sixteenths) {
  Matrix matrix(static_cast<std::int64_t>(sixteenths.size()) / steps, steps);
  std::transform(sixteenths.begin(), sixteenths.end(), matrix.data(),
                 [](int value) { return static_cast<float>(value) / 16; });
  return matrix;
}

std::vector<std::int32_t> frames_of(const std::vector<std::int32_t>& step_of_frame) {
  std::vector<std::int32_t> frames;
  for (std::size_t t = 0; t < step_of_frame.size(); ++t) {
    if (step_of_frame[t] != kNone) {
      EXPECT_EQ(step_of_frame[t], static_cast<std::int32_t>(frames.size())) << "in order, each once";
      frames.push_back(static_cast<std::int32_t>(t));
    }
  }
  return frames;
}

struct Case {
  const char* name;
  std::int64_t steps;
  std::vector<int> costs;  // [T, K] in units of 1/16
  AssignmentRules rules;
  std::vector<std::int32_t> frames;
  double sum;  // of the costs of these frames
};

/// What the dynamic programme of DmZhukov/CrossTask 9e6fdcc (dp.pyx, compiled by Cython 0.29) gave.
const Case kCases[] = {
    {"one step, four frames", 1, {8, -13, -8, -16}, {true, 0}, {3}, -1.0},
    {"three steps, six frames",
     3,
     {5, 3, -6, -6, 5, 16, 4, 13, -2, 10, 1, 10, 6, -14, -14, -15, 10, -11},
     {true, 0},
     {1, 4, 5},
     -1.9375},
    {"all equal", 2, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {true, 0}, {0, 4}, 0.0},
    {"all equal 6x3", 3, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {true, 0}, {0, 1, 5}, 0.0},
    {"one frame more", 3, {-14, 12, 10, -6, 11, 5, 13, 16, -7, 8, -5, 4}, {true, 0}, {0, 1, 2}, -0.625},
    {"out of order best frames",
     3,
     {0, -16, 0, 0, 0, -16, -16, 0, 0, 0, 0, 0, 0, 0, 0},
     {true, 0},
     {2, 3, 4},
     -1.0},
    {"several frames, background costs -0.25",
     3,
     {-2, -4, 3, -7, 10, -11, 4, 15, 1, -7, 16, -3, -9, 12, -8, 10, 8, 4, 14, 1, 16, 6, 15, 16},
     {false, -0.25},
     {0, 1, 4},
     0.0},
    {"background costs 0.25, one frame",
     3,
     {7, 8, 5, 10, -1, 12, -5, 1, -9, -3, 15, -12, 14, -3, -3, 16, 8, 5, -10, 7, 12, -4, 12, -6},
     {true, 0.25},
     {2, 4, 7},
     -0.875},
    {"random 0",
     4,
     {-5, 5,  12, -8, 9,  -5, 9,   9,  -12, 5, 13, -16, 14,  -9, 5,  13, -9, 14, 14, -4,  -5, 5, 14, -9,
      12, -1, 6,  10, -7, 3,  -11, -4, 10,  8, 7,  2,   -16, -9, 10, 16, -2, 3,  10, -13, 5,  7, -4, 2},
     {true, 0},
     {2, 3, 7, 10},
     -2.8125},
    {"random 1",
     4,
     {12,  -10, -10, 3,   -3, -16, -4, -12, 14, 5,   -16, -3, 5, -12, 13, -11,
      -10, 11,  16,  -15, 15, -9,  16, -13, 7,  9,   10,  -2, 6, -4,  -5, 14,
      -1,  -13, -10, -2,  -5, -11, 6,  -1,  0,  -15, 2,   13, 5, 10,  -4, 7},
     {true, 0},
     {0, 1, 2, 4},
     -2.1875},
    {"random 3",
     4,
     {12, -16, 4,  -6, -11, 12, -7, 4,  3,  16, 3,  -12, -5, 15, 5,   -8,  9,  16,  -4,  -15, 4, -5, 4,  13,
      16, 8,   -9, 4,  -13, 6,  7,  -7, -1, -3, 12, 2,   12, -9, -11, -14, 14, -14, -15, 3,   4, 12, 10, -2},
     {true, 0},
     {7, 9, 10, 11},
     -2.4375},
    {"random 4",
     4,
     {0,   14, 6, 8, 15, 7, 2,  8, 15, 16, -12, -8, -5,  16, -4, 10, -14, -10, 2,  14, -16, 5, -11, 9,
      -11, 13, 9, 6, 2,  8, -3, 5, 8,  -9, 4,   13, -10, 3,  13, -3, 6,   -1,  -1, 16, 13,  4, 4,   -9},
     {true, 0},
     {3, 4, 5, 11},
     -2.1875},
};

TEST(AssignInOrder, EqualsCrossTasksProgramme) {
  for (const Case& one : kCases) {
    const Matrix costs = matrix_of(one.steps, one.costs);
    const std::vector<std::int32_t> frames = frames_of(assign_in_order(costs, one.rules));
    EXPECT_EQ(frames, one.frames) << one.name;
    double sum = 0;
    for (std::size_t j = 0; j < frames.size(); ++j) sum += static_cast<double>(costs.row(frames[j])[j]);
    EXPECT_EQ(sum, one.sum) << one.name;
  }
}

TEST(AssignInOrder, MayGiveAStepSeveralFramesInARow) {
  const Matrix costs = matrix_of(2, {-4, 0, -4, 0, 1, 1, 0, -4, 0, -4});
  EXPECT_THAT(assign_in_order(costs, {false, 0}), ElementsAre(0, 0, kNone, 1, 1));
  EXPECT_THAT(assign_in_order(costs), ElementsAre(0, kNone, kNone, kNone, 1)) << "equals: first, and last";
}

TEST(AssignInOrder, GivesEachStepItsFrameWhereThereAreAsManyAndNoneWhereThereAreFewer) {
  EXPECT_THAT(assign_in_order(matrix_of(3, {9, -9, 5, -9, 9, 5, -9, -9, 9})), ElementsAre(0, 1, 2));
  EXPECT_THAT(assign_in_order(matrix_of(3, {9, -9, 5, -9, 9, 5, -9, -9, 9}), {false, -1}),
              ElementsAre(0, 1, 2));
  EXPECT_THAT(assign_in_order(matrix_of(1, {3})), ElementsAre(0));
  EXPECT_THAT(assign_in_order(matrix_of(3, {1, 2, 3, 4, 5, 6})), ElementsAre(kNone, kNone));
  EXPECT_TRUE(assign_in_order(Matrix(0, 2)).empty());
  EXPECT_THAT(frames_in_order(matrix_of(3, {1, 2, 3, 4, 5, 6})), Each(kNone));
  EXPECT_THAT(uniform_frames(2, 3), Each(kNone));
}

/// The lowest cost of steps j.. in frames t.. by trying all.
double cheapest(const Matrix& costs, std::int64_t t, std::int64_t j) {
  if (j == costs.cols()) return 0;
  double best = std::numeric_limits<double>::infinity();
  for (; t < costs.rows(); ++t)
    best = std::min(best, static_cast<double>(costs.row(t)[j]) + cheapest(costs, t + 1, j + 1));
  return best;
}

TEST(AssignInOrder, IsTheCheapestOfAllWays) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const CounterRandom random(seed, RandomUse::Weights);
    Matrix costs(4 + static_cast<std::int64_t>(seed % 7), 1 + static_cast<std::int64_t>(seed % 4));
    for (std::int64_t i = 0; i < costs.rows() * costs.cols(); ++i)
      costs.data()[i] = 2 * random.uniform(static_cast<std::uint64_t>(i)) - 1;
    const std::vector<std::int32_t> frames = frames_of(assign_in_order(costs));
    ASSERT_EQ(static_cast<std::int64_t>(frames.size()), costs.cols());
    double sum = 0;
    for (std::size_t j = 0; j < frames.size(); ++j) sum += static_cast<double>(costs.row(frames[j])[j]);
    EXPECT_NEAR(sum, cheapest(costs, 0, 0), 1e-12);
  }
}

TEST(FramesInOrder, HaveTheHighestScores) {
  EXPECT_THAT(frames_in_order(matrix_of(2, {0, 9, 5, 0, 3, 1, 0, 4})), ElementsAre(1, 3));
  EXPECT_THAT(frames_in_any_order(matrix_of(2, {0, 9, 5, 0, 3, 1, 0, 4})), ElementsAre(1, 0));
  EXPECT_THAT(frames_in_any_order(matrix_of(2, {1, 1, 1, 1})), ElementsAre(0, 0)) << "equals: the first";
}

TEST(UniformFrames, AreTheMiddlesOfEqualParts) {
  EXPECT_THAT(uniform_frames(9, 3), ElementsAre(1, 4, 7));
  EXPECT_THAT(uniform_frames(10, 3), ElementsAre(1, 5, 8));
  EXPECT_THAT(uniform_frames(4, 4), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(uniform_frames(7, 1), ElementsAre(3));
}

TEST(LogSoftmax, IsOverTheStepsOfAFrame) {
  const Matrix logs = log_softmax(matrix_of(2, {16, 16, 0, 16, 16000, -16000}));
  EXPECT_FLOAT_EQ(logs.row(0)[0], -std::log(2.0F));
  EXPECT_FLOAT_EQ(logs.row(1)[0], -1 - std::log1p(std::exp(-1.0F)));
  EXPECT_FLOAT_EQ(logs.row(1)[1], -std::log1p(std::exp(-1.0F)));
  EXPECT_EQ(logs.row(2)[0], 0);
  EXPECT_EQ(logs.row(2)[1], -2000);
}

}  // namespace
}  // namespace tvr

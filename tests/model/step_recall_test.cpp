#include "model/step_recall.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/random.h"
#include "model/step_assignment.h"

namespace tvr {
namespace {

std::vector<std::string> rows_of(const StepLabels& labels) {
  std::vector<std::string> rows;
  for (std::int64_t t = 0; t < labels.frames(); ++t) {
    rows.emplace_back();
    for (std::int64_t j = 0; j < labels.steps(); ++j) rows.back() += labels.shows(t, j) ? '1' : '.';
  }
  return rows;
}

// The annotation, labels, predictions and recall below were computed by train.py of DmZhukov/CrossTask
// 9e6fdcc.

const std::vector<StepSegment> kSegments = {
    {0, 2.0, 4.0}, {1, 4.2, 5.9}, {0, 7.99, 8.01}, {2, 9.0, 9.0}, {2, 11.4, 30}};

TEST(StepLabels, LabelFromTheFlooredStartToTheCeiledEnd) {
  const StepLabels labels(kSegments, 14, 4);
  EXPECT_EQ(rows_of(labels),
            (std::vector<std::string>{"....", "....", "1...", "1...", ".1..", ".1..", "....", "1...", "1...",
                                      "....", "....", "..1.", "..1.", "..1."}));
  EXPECT_TRUE(labels.has(2));
  EXPECT_FALSE(labels.has(3));
  EXPECT_EQ(labels.present(), 3);
}

TEST(StepLabels, LabelNothingBeyondTheVideo) {
  const StepLabels labels({{0, 5, 9}, {1, 1e9, 1e9}, {1, 2.5, 1e9}}, 4, 2);
  EXPECT_EQ(rows_of(labels), (std::vector<std::string>{"..", "..", ".1", ".1"}));
  EXPECT_EQ(labels.present(), 1);
  EXPECT_EQ(StepLabels(kSegments, 0, 4).present(), 0);
}

TEST(StepRecall, EqualsCrossTasksOwn) {
  const StepLabels v1(kSegments, 14, 4), v2({{0, 0, 1}, {1, 1, 2}, {2, 2, 3}, {3, 3, 4}}, 4, 4), v3({}, 5, 2);
  const std::vector<StepHits> hits = {{0, hits_of({3, 6, 8, 12}, v1), v1.present()},
                                      {0, hits_of({1, 0, 2, 3}, v2), v2.present()},
                                      {1, hits_of({0, 1}, v3), v3.present()}};
  EXPECT_EQ(hits[0].found, 1);
  EXPECT_EQ(hits[1].found, 2);
  const TaskRecalls recalls = step_recalls(hits, 2);
  EXPECT_DOUBLE_EQ(recalls.tasks[0].pooled, 0.42857142857142855);
  EXPECT_DOUBLE_EQ(recalls.tasks[0].by_video, (1.0 / 3 + 2.0 / 4) / 2);
  EXPECT_TRUE(std::isnan(recalls.tasks[1].pooled));
  EXPECT_TRUE(std::isnan(recalls.tasks[1].by_video));
  EXPECT_DOUBLE_EQ(recalls.mean.pooled, 0.42857142857142855) << "a task without steps does not count";
}

TEST(StepRecall, IsTheMeanOverTheTasks) {
  const TaskRecalls recalls = step_recalls({{0, 1, 4}, {1, 1, 2}, {1, 0, 6}, {1, 0, 0}}, 2);
  EXPECT_DOUBLE_EQ(recalls.tasks[1].pooled, 1.0 / 8);
  EXPECT_DOUBLE_EQ(recalls.tasks[1].by_video, 1.0 / 4) << "a video without steps does not count";
  EXPECT_DOUBLE_EQ(recalls.mean.pooled, (1.0 / 4 + 1.0 / 8) / 2);
  EXPECT_DOUBLE_EQ(recalls.mean.by_video, 1.0 / 4);
  EXPECT_TRUE(std::isnan(step_recalls({}, 3).mean.pooled));
}

TEST(StepRecall, CountsNoHitForAStepWithoutAFrame) {
  EXPECT_EQ(hits_of({kNone, kNone, kNone, kNone}, StepLabels(kSegments, 3, 4)), 0);
}

/// Adds the hits of all ways to place steps j.. from frame t on.
void try_all(const StepLabels& labels, std::int64_t t, std::int64_t j, double hits, double& sum,
             double& ways) {
  if (j == labels.steps()) {
    sum += hits;
    ++ways;
    return;
  }
  for (; t < labels.frames(); ++t)
    try_all(labels, t + 1, j + 1, hits + (labels.shows(t, j) ? 1 : 0), sum, ways);
}

TEST(ExpectedHits, AreTheMeanOverAllWays) {
  const StepLabels labels(kSegments, 14, 4);
  double sum = 0, ways = 0;
  try_all(labels, 0, 0, 0, sum, ways);
  EXPECT_EQ(ways, 1001);
  EXPECT_NEAR(expected_hits_in_order(labels), sum / ways, 1e-12);
  EXPECT_DOUBLE_EQ(expected_hits_in_any_order(labels), 9.0 / 14);
  EXPECT_EQ(expected_hits_in_order(StepLabels(kSegments, 3, 4)), 0);
  EXPECT_NEAR(expected_hits_in_order(StepLabels({{0, 0, 1}, {1, 0, 9}}, 2, 2)), 2, 1e-12);
  const StepLabels whole({{0, 0, 1e9}, {7, 0, 1e9}}, 3600, 8);
  EXPECT_NEAR(expected_hits_in_order(whole), 2, 1e-8) << "of long videos, too";
}

TEST(StepRecallsInterval, HoldsTheTruthAboutAsOftenAsItSays) {
  constexpr double kTruth = 0.3;
  int pooled = 0, by_video = 0;
  for (std::uint64_t world = 0; world < 300; ++world) {
    const CounterRandom random(world, RandomUse::Weights, 5);
    std::vector<StepHits> hits;
    for (std::uint64_t v = 0; v < 200; ++v) {
      StepHits video{v % 4, 0, 4};
      for (std::uint64_t j = 0; j < 4; ++j)
        video.found += static_cast<double>(random.uniform(4 * v + j)) < kTruth ? 1 : 0;
      hits.push_back(video);
    }
    const TaskRecallsInterval interval = step_recalls_interval(hits, 4, 0.95, 200, world);
    pooled += interval.low.mean.pooled <= kTruth && kTruth <= interval.high.mean.pooled ? 1 : 0;
    by_video += interval.low.mean.by_video <= kTruth && kTruth <= interval.high.mean.by_video ? 1 : 0;
  }
  for (const int holds : {pooled, by_video}) {
    EXPECT_GE(holds, 273);
    EXPECT_LE(holds, 297);
  }
}

TEST(StepRecallsInterval, ResamplesTheVideosOfEachTaskByThemselves) {
  const TaskRecallsInterval interval = step_recalls_interval({{0, 3, 3}, {1, 0, 2}, {1, 2, 2}, {2, 0, 0}}, 3);
  EXPECT_EQ(interval.low.tasks[0].pooled, 1);
  EXPECT_EQ(interval.high.tasks[0].by_video, 1);
  EXPECT_EQ(interval.low.tasks[1].pooled, 0);
  EXPECT_EQ(interval.high.tasks[1].pooled, 1);
  EXPECT_TRUE(std::isnan(interval.low.tasks[2].pooled));
  EXPECT_EQ(interval.low.mean.pooled, 0.5);
  EXPECT_EQ(interval.high.mean.pooled, 1);
}

}  // namespace
}  // namespace tvr

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "data/error.h"
#include "model/random.h"
#include "model/retrieval_metrics.h"
#include "pair_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::expect_error;

using testing::random_matrix;

/// Similarities of a few integers, so that ties abound and every sum is exact.
Matrix coarse(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  Matrix matrix(rows, cols);
  const CounterRandom random(seed, RandomUse::Weights, 1);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    matrix.data()[i] = static_cast<float>(random.below(3, static_cast<std::uint64_t>(i)));
  }
  return matrix;
}

float score(const Matrix& text, std::int64_t i, const Matrix& video, std::int64_t j) {
  return std::inner_product(text.row(i), text.row(i) + text.cols(), video.row(j), 0.0F);
}

/// Ranks by sorting the whole row, as the reference does.
std::vector<double> sorted_ranks(std::vector<float> others, float own, Ties ties) {
  others.push_back(own);
  std::sort(others.begin(), others.end(), std::greater<>());
  const auto [first, last] = std::equal_range(others.begin(), others.end(), own, std::greater<>());
  const double low = static_cast<double>(first - others.begin()) + 1;
  const double high = static_cast<double>(last - others.begin());
  switch (ties) {
    case Ties::Average:
      return {(low + high) / 2};
    case Ties::Optimistic:
      return {low};
    case Ties::Pessimistic:
      return {high};
    case Ties::Legacy:
      break;
  }
  std::vector<double> all;
  for (double rank = low; rank <= high; ++rank) all.push_back(rank);
  return all;
}

class EveryTieRule : public ::testing::TestWithParam<Ties> {};
constexpr const char* kTieNames[] = {"Average", "Optimistic", "Pessimistic", "Legacy"};  // in Ties' order
INSTANTIATE_TEST_SUITE_P(Ranks, EveryTieRule,
                         ::testing::Values(Ties::Average, Ties::Optimistic, Ties::Pessimistic, Ties::Legacy),
                         [](const auto& rule) { return kTieNames[rule.index]; });

TEST_P(EveryTieRule, EqualsSortingEveryRow) {
  const Matrix text = coarse(67, 4, 1), video = coarse(23, 4, 2);
  std::vector<std::int32_t> clip_of;
  for (std::int32_t i = 0; i < 67; ++i) clip_of.push_back((i * 7) % 22);  // the last video has no caption
  std::vector<double> t2v, v2t;
  for (std::int64_t i = 0; i < 67; ++i) {
    std::vector<float> others;
    const std::int32_t own = clip_of[static_cast<std::size_t>(i)];
    for (std::int64_t j = 0; j < 23; ++j) {
      if (j != own) others.push_back(score(text, i, video, j));
    }
    const auto ranks = sorted_ranks(others, score(text, i, video, own), GetParam());
    t2v.insert(t2v.end(), ranks.begin(), ranks.end());
  }
  for (std::int64_t j = 0; j < 22; ++j) {
    std::vector<float> others;
    float best = -1;
    for (std::int64_t i = 0; i < 67; ++i) {
      const float value = score(text, i, video, j);
      if (clip_of[static_cast<std::size_t>(i)] == j) {
        best = std::max(best, value);
      } else {
        others.push_back(value);
      }
    }
    const auto ranks = sorted_ranks(others, best, GetParam());
    v2t.insert(v2t.end(), ranks.begin(), ranks.end());
  }
  EXPECT_EQ(text_to_video_ranks(text, video, clip_of, GetParam()), t2v);
  EXPECT_EQ(video_to_text_ranks(text, video, clip_of, GetParam()), v2t);
}

TEST(Ranks, DoNotChangeWhenBothSidesArePermutedAlike) {
  const Matrix text = random_matrix(300, 33, 1), video = random_matrix(300, 33, 2);
  std::vector<std::int32_t> order(300), clip_of(300);
  std::iota(order.begin(), order.end(), 0);
  std::iota(clip_of.begin(), clip_of.end(), 0);
  shuffle(order, CounterRandom(9, RandomUse::ClipOrder));
  Matrix moved_text(300, 33), moved_video(300, 33);
  for (std::int64_t i = 0; i < 300; ++i) {
    std::copy_n(text.row(order[static_cast<std::size_t>(i)]), 33, moved_text.row(i));
    std::copy_n(video.row(order[static_cast<std::size_t>(i)]), 33, moved_video.row(i));
  }
  auto before = text_to_video_ranks(text, video, clip_of),
       after = text_to_video_ranks(moved_text, moved_video, clip_of);
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  EXPECT_EQ(before, after);
}

TEST(Ranks, TieExactlyForEqualVideosWhereverTheyStand) {
  const Matrix text = random_matrix(70, 129, 3);
  Matrix video(70, 129);
  const Matrix one = random_matrix(1, 129, 4);
  for (std::int64_t j = 0; j < 70; ++j) std::copy_n(one.data(), 129, video.row(j));
  std::vector<std::int32_t> clip_of(70);
  std::iota(clip_of.begin(), clip_of.end(), 0);
  for (const double rank : text_to_video_ranks(text, video, clip_of)) EXPECT_EQ(rank, 35.5);
  for (const double rank : text_to_video_ranks(text, video, clip_of, Ties::Pessimistic)) EXPECT_EQ(rank, 70);
}

TEST(Ranks, RefuseNaNThatWouldRankFirst) {
  const Matrix text = random_matrix(2, 3, 1);
  Matrix video = random_matrix(2, 3, 2);
  video.row(1)[2] = std::numeric_limits<float>::quiet_NaN();
  expect_error([&] { (void)text_to_video_ranks(text, video, {0, 1}); }, Fault::Corrupt, "a NaN or infinity");
  expect_error([&] { (void)video_to_text_ranks(text, video, {0, 1}); }, Fault::Corrupt, "a NaN or infinity");
}

TEST(Ranks, RefuseClipsAndSizesThatDoNotFit) {
  const Matrix text = random_matrix(2, 3, 1);
  const auto refused = [&](std::int64_t values, const std::vector<std::int32_t>& clip_of, Fault fault,
                           const std::string& phrase) {
    expect_error([&] { (void)text_to_video_ranks(text, random_matrix(2, values, 1), clip_of); }, fault,
                 phrase);
  };
  refused(3, {0}, Fault::InvalidArgument, "2 texts, but 1 clip indices");
  refused(3, {0, 2}, Fault::InvalidArgument, "clip 2 of 2");
  refused(3, {0, -1}, Fault::InvalidArgument, "clip -1 of 2");
  refused(4, {0, 1}, Fault::Mismatch, "texts have 3 values, videos 4");
  EXPECT_TRUE(text_to_video_ranks(Matrix(), random_matrix(2, 4, 1), {}).empty());
}

TEST(TopK, IsTheHeadOfTheSortedList) {
  const Matrix video = coarse(500, 4, 8);
  const Matrix text = coarse(1, 4, 9);
  std::vector<Hit> all;
  for (std::int32_t j = 0; j < 500; ++j) all.push_back({j, score(text, 0, video, j)});
  std::stable_sort(all.begin(), all.end(), [](const Hit& a, const Hit& b) { return a.score > b.score; });
  for (const std::size_t k :
       {std::size_t{0}, std::size_t{1}, std::size_t{10}, std::size_t{500}, std::size_t{501}}) {
    const std::vector<Hit> hits = top_k(text.data(), video, k);
    ASSERT_EQ(hits.size(), std::min<std::size_t>(k, 500));
    for (std::size_t i = 0; i < hits.size(); ++i) {
      EXPECT_EQ(hits[i].row, all[i].row);
      EXPECT_EQ(hits[i].score, all[i].score);
    }
  }
}

}  // namespace
}  // namespace tvr

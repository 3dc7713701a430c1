#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <string>

#include "data/error.h"
#include "model/kernels/kernels.h"
#include "model/linear.h"
#include "model/parallel.h"
#include "model/retrieval_metrics.h"

namespace tvr {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
constexpr std::int64_t kVideosAtOnce = 256;
constexpr std::int64_t kTextsAtOnce = 64;

/// How many other items score higher than a query's true item, and how many score the same.
struct Standing {
  std::int64_t better = 0;
  std::int64_t equal = 0;
};

bool is_finite(const Matrix& matrix) {
  std::atomic<bool> finite{true};
  parallel_for(matrix.rows(), matrix.cols(), [&](std::int64_t begin, std::int64_t end) {
    int wrong = 0;  // counts to the end, because a loop with an early exit is not vectorised
    for (const float* value = matrix.row(begin); value != matrix.row(end); ++value) {
      wrong += std::abs(*value) <= std::numeric_limits<float>::max() ? 0 : 1;
    }
    if (wrong > 0) finite = false;
  });
  return finite;
}

/// Appends the rank of query `query`; with Ties::Legacy one for every item of its score.
void add_ranks(const Standing& standing, std::int32_t query, Ties ties, std::vector<double>& ranks,
               std::vector<std::int32_t>& queries) {
  const auto first = static_cast<double>(standing.better + 1);
  const auto equal = static_cast<double>(standing.equal);
  switch (ties) {
    case Ties::Average:
      ranks.push_back(first + equal / 2);
      break;
    case Ties::Optimistic:
      ranks.push_back(first);
      break;
    case Ties::Pessimistic:
      ranks.push_back(first + equal);
      break;
    case Ties::Legacy:
      for (std::int64_t e = 0; e <= standing.equal; ++e) ranks.push_back(first + static_cast<double>(e));
      break;
  }
  queries.resize(ranks.size(), query);
}

/// Per query: the score of its true item, and how the other items compare with it.
struct Direction {
  std::vector<float> to_beat;
  std::vector<Standing> standings;
};

float score(const Matrix& text, std::int64_t i, const Matrix& video, std::int64_t j) {
  return kernels().dot(text.row(i), video.row(j), text.cols());
}

/// The true items are later counted like all others, as ties with themselves: the counts of ties start at
/// minus their number.
void set_true_scores(const Matrix& text, const Matrix& video, const std::vector<std::int32_t>& clip_of,
                     Direction& t2v, Direction& v2t) {
  t2v = {std::vector<float>(clip_of.size()), std::vector<Standing>(clip_of.size(), {0, -1})};
  v2t = {std::vector<float>(static_cast<std::size_t>(video.rows()), kLowest),
         std::vector<Standing>(static_cast<std::size_t>(video.rows()))};
  parallel_for(text.rows(), text.cols(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      t2v.to_beat[static_cast<std::size_t>(i)] = score(text, i, video, clip_of[static_cast<std::size_t>(i)]);
    }
  });
  for (std::size_t i = 0; i < clip_of.size(); ++i) {
    const auto j = static_cast<std::size_t>(clip_of[i]);
    if (t2v.to_beat[i] > v2t.to_beat[j]) {
      v2t.to_beat[j] = t2v.to_beat[i];
      v2t.standings[j].equal = 0;
    }
    if (t2v.to_beat[i] == v2t.to_beat[j]) --v2t.standings[j].equal;
  }
}

/// Counts one row of scores, text i against the videos of a tile, for both directions.
void count_row(const float* scores, std::int64_t cols, float text_to_beat, Standing& text_standing,
               const float* to_beat, std::int32_t* better, std::int32_t* equal) {
  std::int32_t above = 0, beside = 0;
  for (std::int64_t j = 0; j < cols; ++j) {
    above += scores[j] > text_to_beat ? 1 : 0;
    beside += scores[j] == text_to_beat ? 1 : 0;
    better[j] += scores[j] > to_beat[j] ? 1 : 0;
    equal[j] += scores[j] == to_beat[j] ? 1 : 0;
  }
  text_standing.better += above;
  text_standing.equal += beside;
}

/// All texts against videos [first, first + cols).
void count_tile(const Matrix& text, const Matrix& video, std::int64_t first, std::int64_t cols,
                Direction& t2v, Direction& v2t) {
  Matrix tile(cols, video.cols());
  std::copy_n(video.row(first), cols * video.cols(), tile.data());
  const Matrix across = transposed(tile);
  std::mutex merging;
  parallel_for(text.rows(), cols * text.cols(), [&](std::int64_t begin, std::int64_t end) {
    Matrix scores(kTextsAtOnce, cols);
    std::vector<std::int32_t> better(static_cast<std::size_t>(cols)), equal(better.size());
    for (std::int64_t i = begin; i < end; i += kTextsAtOnce) {
      const std::int64_t rows = std::min(kTextsAtOnce, end - i);
      kernels().multiply(
          {text.row(i), text.cols(), 1, across.data(), cols, scores.data(), cols, rows, cols, text.cols()});
      for (std::int64_t r = 0; r < rows; ++r) {
        const auto t = static_cast<std::size_t>(i + r);
        count_row(scores.row(r), cols, t2v.to_beat[t], t2v.standings[t], v2t.to_beat.data() + first,
                  better.data(), equal.data());
      }
    }
    const std::lock_guard lock(merging);
    for (std::size_t j = 0; j < better.size(); ++j) {
      Standing& standing = v2t.standings[static_cast<std::size_t>(first) + j];
      standing.better += better[j];
      standing.equal += equal[j];
    }
  });
}

}  // namespace

void require_rankable(const Matrix& text, const Matrix& video, const std::vector<std::int32_t>& clip_of) {
  const auto fail = [](Fault fault, const std::string& seen) { throw Error(fault, "similarity", seen); };
  if (text.rows() != static_cast<std::int64_t>(clip_of.size())) {
    fail(Fault::InvalidArgument,
         std::to_string(text.rows()) + " texts, but " + std::to_string(clip_of.size()) + " clip indices");
  }
  if (text.rows() > 0 && text.cols() != video.cols()) {
    fail(Fault::Mismatch,
         "texts have " + std::to_string(text.cols()) + " values, videos " + std::to_string(video.cols()));
  }
  for (const std::int32_t clip : clip_of) {
    if (clip < 0 || clip >= video.rows()) {
      fail(Fault::InvalidArgument, "clip " + std::to_string(clip) + " of " + std::to_string(video.rows()));
    }
  }
  // A NaN compares neither higher nor equal: it would rank first.
  if (!is_finite(text) || !is_finite(video)) fail(Fault::Corrupt, "an embedding contains a NaN or infinity");
}

RetrievalRanks retrieval_ranks(const Matrix& text, const Matrix& video,
                               const std::vector<std::int32_t>& clip_of, Ties ties) {
  require_rankable(text, video, clip_of);
  Direction t2v, v2t;
  set_true_scores(text, video, clip_of, t2v, v2t);
  for (std::int64_t first = 0; first < video.rows() && text.rows() > 0; first += kVideosAtOnce) {
    count_tile(text, video, first, std::min(kVideosAtOnce, video.rows() - first), t2v, v2t);
  }
  RetrievalRanks ranks;
  for (std::size_t i = 0; i < t2v.standings.size(); ++i) {
    add_ranks(t2v.standings[i], static_cast<std::int32_t>(i), ties, ranks.t2v, ranks.t2v_text);
  }
  for (std::size_t j = 0; j < v2t.standings.size(); ++j) {
    if (v2t.to_beat[j] == kLowest) continue;  // no caption
    add_ranks(v2t.standings[j], static_cast<std::int32_t>(j), ties, ranks.v2t, ranks.v2t_video);
  }
  return ranks;
}

std::vector<double> text_to_video_ranks(const Matrix& text, const Matrix& video,
                                        const std::vector<std::int32_t>& clip_of, Ties ties) {
  return retrieval_ranks(text, video, clip_of, ties).t2v;
}

std::vector<double> video_to_text_ranks(const Matrix& text, const Matrix& video,
                                        const std::vector<std::int32_t>& clip_of, Ties ties) {
  return retrieval_ranks(text, video, clip_of, ties).v2t;
}

std::vector<Hit> top_k(const float* text, const Matrix& video, std::size_t k) {
  Matrix query(1, video.cols());
  std::copy_n(text, video.cols(), query.data());
  const Matrix scores = multiply_transposed(query, video);
  std::vector<Hit> hits(static_cast<std::size_t>(video.rows()));
  for (std::size_t j = 0; j < hits.size(); ++j) {
    const float value = scores.data()[j];
    hits[j] = {static_cast<std::int32_t>(j), std::isnan(value) ? kLowest : value};  // NaN cannot be ordered
  }
  k = std::min(k, hits.size());
  const auto better = [](const Hit& a, const Hit& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  };
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(k), hits.end(), better);
  hits.resize(k);
  return hits;
}

}  // namespace tvr

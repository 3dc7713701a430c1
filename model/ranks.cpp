#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "data/error.h"
#include "model/parallel.h"
#include "model/retrieval_metrics.h"
#include "model/similarity.h"

namespace tvr {
namespace {

/// How many other items stand above a query's true item, and how many beside it.
struct Standing {
  std::int64_t better = 0;
  std::int64_t equal = 0;

  void count(float score, float true_score) noexcept {
    better += score > true_score ? 1 : 0;
    equal += score == true_score ? 1 : 0;
  }
};

void require_rankable(const Matrix& text, const Matrix& video, const std::vector<std::int32_t>& clip_of) {
  const auto fail = [](Fault fault, const std::string& seen) { throw Error(fault, "similarity", seen); };
  if (text.rows() != static_cast<std::int64_t>(clip_of.size())) {
    fail(Fault::InvalidArgument,
         std::to_string(text.rows()) + " texts, but clips for " + std::to_string(clip_of.size()));
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
  for (const Matrix* side : {&text, &video}) {
    const float* const end = side->data() + side->rows() * side->cols();
    // A NaN is neither above nor beside anything: it would rank first.
    if (!std::all_of(side->data(), end, [](float value) { return std::isfinite(value); })) {
      fail(Fault::Corrupt, "an embedding holds a NaN or an infinity");
    }
  }
}

std::vector<double> ranks_of(const std::vector<Standing>& standings, Ties ties) {
  std::vector<double> ranks;
  ranks.reserve(standings.size());
  for (const Standing& standing : standings) {
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
  }
  return ranks;
}

}  // namespace

std::vector<double> text_to_video_ranks(const Matrix& text, const Matrix& video,
                                        const std::vector<std::int32_t>& clip_of, Ties ties) {
  require_rankable(text, video, clip_of);
  const std::int64_t dim = text.cols();
  std::vector<Standing> standings(clip_of.size());
  parallel_for(text.rows(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int32_t own = clip_of[static_cast<std::size_t>(i)];
      const float true_score = similarity(text.row(i), video.row(own), dim);
      for (std::int64_t j = 0; j < video.rows(); ++j) {
        if (j != own)
          standings[static_cast<std::size_t>(i)].count(similarity(text.row(i), video.row(j), dim),
                                                       true_score);
      }
    }
  });
  return ranks_of(standings, ties);
}

std::vector<double> video_to_text_ranks(const Matrix& text, const Matrix& video,
                                        const std::vector<std::int32_t>& clip_of, Ties ties) {
  require_rankable(text, video, clip_of);
  const std::int64_t dim = text.cols();
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  std::vector<float> best(static_cast<std::size_t>(video.rows()), kNone);
  for (std::size_t i = 0; i < clip_of.size(); ++i) {
    float& own = best[static_cast<std::size_t>(clip_of[i])];
    own = std::max(own, similarity(text.row(static_cast<std::int64_t>(i)), video.row(clip_of[i]), dim));
  }
  std::vector<Standing> standings(best.size());
  parallel_for(video.rows(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) {
      for (std::int64_t i = 0; i < text.rows(); ++i) {
        if (clip_of[static_cast<std::size_t>(i)] == j) continue;
        standings[static_cast<std::size_t>(j)].count(similarity(text.row(i), video.row(j), dim),
                                                     best[static_cast<std::size_t>(j)]);
      }
    }
  });
  std::vector<Standing> with_captions;
  for (std::size_t j = 0; j < best.size(); ++j) {
    if (best[j] != kNone) with_captions.push_back(standings[j]);
  }
  return ranks_of(with_captions, ties);
}

std::vector<Hit> top_k(const float* text, const Matrix& video, std::size_t k) {
  std::vector<Hit> hits(static_cast<std::size_t>(video.rows()));
  parallel_for(video.rows(), 1024, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) {
      hits[static_cast<std::size_t>(j)] = {static_cast<std::int32_t>(j),
                                           similarity(text, video.row(j), video.cols())};
    }
  });
  k = std::min(k, hits.size());
  const auto better = [](const Hit& a, const Hit& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  };
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(k), hits.end(), better);
  hits.resize(k);
  return hits;
}

}  // namespace tvr

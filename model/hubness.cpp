#include "model/hubness.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "data/error.h"
#include "model/linear.h"

namespace tvr {
namespace {

constexpr std::int64_t kTextsAtOnce = 256;

/// Calls use(i, scores [N]) with the similarities of each text in order.
void for_each_row(const Matrix& text, const Matrix& video,
                  const std::function<void(std::int64_t, const float*)>& use) {
  for (std::int64_t first = 0; first < text.rows(); first += kTextsAtOnce) {
    const std::int64_t rows = std::min(kTextsAtOnce, text.rows() - first);
    Matrix block(rows, text.cols());
    std::copy_n(text.row(first), rows * text.cols(), block.data());
    const Matrix scores = multiply_transposed(block, video);
    for (std::int64_t r = 0; r < rows; ++r) use(first + r, scores.row(r));
  }
}

std::size_t first_hit(const float* scores, std::int64_t videos) {
  return static_cast<std::size_t>(std::max_element(scores, scores + videos) - scores);
}

/// What a video gets from many sentences.
class Popularity {
 public:
  explicit Popularity(std::int64_t videos, double scale)
      : scale_(scale),
        most_(static_cast<std::size_t>(videos), -std::numeric_limits<double>::infinity()),
        sum_(most_.size()) {}

  void add(const float* scores) {
    for (std::size_t v = 0; v < sum_.size(); ++v) {
      const double logit = scale_ * static_cast<double>(scores[v]);
      const double most = std::max(most_[v], logit);
      sum_[v] = sum_[v] * std::exp(most_[v] - most) + std::exp(logit - most);
      most_[v] = most;
    }
  }
  /// scale * s - log(sum over the sentences of exp(scale * their s)) for video v.
  [[nodiscard]] double log_share(std::size_t v, float score) const {
    return scale_ * static_cast<double>(score) - most_[v] - std::log(sum_[v]);
  }

 private:
  double scale_;
  std::vector<double> most_, sum_;  // per video: the largest logit; the sum of exp(logit - largest)
};

/// Adds the rank of the true item among `scores` [N].
void add_rank(const std::vector<double>& scores, std::size_t truth, Ties ties, std::vector<double>& ranks) {
  const double own = scores[truth];
  double better = 0, equal = -1;  // itself
  for (const double score : scores) {
    better += score > own ? 1 : 0;
    equal += score == own ? 1 : 0;
  }
  switch (ties) {
    case Ties::Average:
      return ranks.push_back(better + 1 + equal / 2);
    case Ties::Optimistic:
      return ranks.push_back(better + 1);
    case Ties::Pessimistic:
      return ranks.push_back(better + 1 + equal);
    case Ties::Legacy:
      for (double e = 0; e <= equal; ++e) ranks.push_back(better + 1 + e);
  }
}

}  // namespace

std::vector<double> dual_softmax_ranks(const Matrix& text, const Matrix& video,
                                       const std::vector<std::int32_t>& clip_of, double scale, Ties ties) {
  require_rankable(text, video, clip_of);
  Popularity popularity(video.rows(), scale);
  for_each_row(text, video, [&](std::int64_t, const float* scores) { popularity.add(scores); });
  std::vector<double> ranks, corrected(static_cast<std::size_t>(video.rows()));
  for_each_row(text, video, [&](std::int64_t i, const float* scores) {
    for (std::size_t v = 0; v < corrected.size(); ++v) {
      corrected[v] = static_cast<double>(scores[v]) * std::exp(popularity.log_share(v, scores[v]));
    }
    add_rank(corrected, static_cast<std::size_t>(clip_of[static_cast<std::size_t>(i)]), ties, ranks);
  });
  return ranks;
}

std::vector<double> querybank_ranks(const Matrix& text, const Matrix& video,
                                    const std::vector<std::int32_t>& clip_of, const Matrix& bank, double beta,
                                    Ties ties) {
  require_rankable(text, video, clip_of);
  if (bank.rows() == 0) throw Error(Fault::InvalidArgument, "query bank", "it has no sentence");
  require_rankable(bank, video, std::vector<std::int32_t>(static_cast<std::size_t>(bank.rows())));
  Popularity popularity(video.rows(), beta);
  std::vector<bool> is_hub(static_cast<std::size_t>(video.rows()));
  for_each_row(bank, video, [&](std::int64_t, const float* scores) {
    popularity.add(scores);
    is_hub[first_hit(scores, video.rows())] = true;
  });
  std::vector<double> ranks, corrected(is_hub.size());
  for_each_row(text, video, [&](std::int64_t i, const float* scores) {
    const bool normalized = is_hub[first_hit(scores, video.rows())];
    for (std::size_t v = 0; v < corrected.size(); ++v) {
      corrected[v] = normalized ? popularity.log_share(v, scores[v]) : static_cast<double>(scores[v]);
    }
    add_rank(corrected, static_cast<std::size_t>(clip_of[static_cast<std::size_t>(i)]), ties, ranks);
  });
  return ranks;
}

}  // namespace tvr

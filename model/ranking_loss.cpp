#include "model/ranking_loss.h"

#include <algorithm>
#include <cmath>

namespace tvr {
namespace {

/// Adds one direction of InfoNCE, text to video or (across) video to text, to `loss`.
void add_direction(const Matrix& similarity, double scale, const std::vector<std::int32_t>& clips,
                   bool across, Loss& loss) {
  const std::int64_t size = similarity.rows();
  const double share = 0.5 / static_cast<double>(size);
  std::vector<double> chance(static_cast<std::size_t>(size));
  for (std::int64_t query = 0; query < size; ++query) {
    const auto score = [&](std::int64_t item) {
      return static_cast<double>(across ? similarity.row(item)[query] : similarity.row(query)[item]);
    };
    const auto left_out = [&](std::int64_t item) {
      return item != query && clips[static_cast<std::size_t>(item)] == clips[static_cast<std::size_t>(query)];
    };
    double highest = score(query);
    for (std::int64_t item = 0; item < size; ++item) {
      if (!left_out(item)) highest = std::max(highest, score(item));
    }
    double sum = 0;
    for (std::int64_t item = 0; item < size; ++item) {
      double& weight = chance[static_cast<std::size_t>(item)];
      weight = left_out(item) ? 0 : std::exp(scale * (score(item) - highest));
      sum += weight;
    }
    loss.value += share * (std::log(sum) - scale * (score(query) - highest));
    for (std::int64_t item = 0; item < size; ++item) {
      const double slope = share * (chance[static_cast<std::size_t>(item)] / sum - (item == query ? 1 : 0));
      float& d = across ? loss.d_similarity.row(item)[query] : loss.d_similarity.row(query)[item];
      d += static_cast<float>(slope * scale);
      loss.d_log_scale += slope * scale * score(item);
    }
  }
}

}  // namespace

Loss max_margin_loss(const Matrix& similarity, double margin, const Matrix* weights) {
  const std::int64_t size = similarity.rows();
  Loss loss{0, Matrix(size, size), 0};
  const double share = 1 / static_cast<double>(size * size);
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t j = 0; j < size; ++j) {
      const double weight = weights != nullptr ? share * static_cast<double>(weights->row(i)[j]) : share;
      for (const std::int64_t pair : {i, j}) {
        const double hinge = margin + static_cast<double>(similarity.row(i)[j]) -
                             static_cast<double>(similarity.row(pair)[pair]);
        if (hinge <= 0) continue;
        loss.value += hinge * weight;
        loss.d_similarity.row(i)[j] += static_cast<float>(weight);
        loss.d_similarity.row(pair)[pair] -= static_cast<float>(weight);
      }
    }
  }
  return loss;
}

Matrix intra_video_weights(int videos, int n_pair, double hard_negative_rate) {
  const double scale = videos * hard_negative_rate;
  const double alpha = (1 - hard_negative_rate) / ((videos - 1) * hard_negative_rate);
  Matrix weights(std::int64_t{videos} * n_pair, std::int64_t{videos} * n_pair);
  for (std::int64_t i = 0; i < weights.rows(); ++i) {
    for (std::int64_t j = 0; j < weights.cols(); ++j) {
      weights.row(i)[j] = static_cast<float>((i / n_pair == j / n_pair ? 1 : alpha) * scale);
    }
  }
  return weights;
}

Loss mil_nce_loss(const Matrix& similarity, double log_scale) {
  const std::int64_t texts = similarity.rows(), clips = similarity.cols(), candidates = texts / clips;
  const double scale = std::exp(log_scale), share = 1 / static_cast<double>(clips);
  Loss loss{0, Matrix(texts, clips), 0};
  for (std::int64_t i = 0; i < clips; ++i) {
    const std::int64_t first = i * candidates, past = first + candidates;
    // visit(text, video) for every term of the first sum.
    const auto for_each_term = [&](const auto& visit) {
      for (std::int64_t text = 0; text < texts; ++text) visit(text, i);
      for (std::int64_t text = first; text < past; ++text) {
        for (std::int64_t video = 0; video < clips; ++video) visit(text, video);
      }
    };
    const auto score = [&](std::int64_t text, std::int64_t video) {
      return scale * static_cast<double>(similarity.row(text)[video]);
    };
    double highest = score(first, i);
    for_each_term([&](std::int64_t t, std::int64_t v) { highest = std::max(highest, score(t, v)); });
    double all = 0, own = 0;
    for_each_term([&](std::int64_t t, std::int64_t v) { all += std::exp(score(t, v) - highest); });
    for (std::int64_t t = first; t < past; ++t) own += std::exp(score(t, i) - highest);
    loss.value += share * (std::log(all) - std::log(own));
    const auto add = [&](std::int64_t t, std::int64_t v, double slope) {
      loss.d_similarity.row(t)[v] += static_cast<float>(slope * scale);
      loss.d_log_scale += slope * score(t, v);
    };
    for_each_term(
        [&](std::int64_t t, std::int64_t v) { add(t, v, share * std::exp(score(t, v) - highest) / all); });
    for (std::int64_t t = first; t < past; ++t) add(t, i, -share * std::exp(score(t, i) - highest) / own);
  }
  return loss;
}

Loss nce_loss(const Matrix& similarity, double log_scale, const std::vector<std::int32_t>& groups) {
  Loss loss{0, Matrix(similarity.rows(), similarity.rows()), 0};
  add_direction(similarity, std::exp(log_scale), groups, false, loss);
  add_direction(similarity, std::exp(log_scale), groups, true, loss);
  return loss;
}

}  // namespace tvr

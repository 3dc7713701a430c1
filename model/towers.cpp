#include "model/towers.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "model/kernels/kernels.h"
#include "model/linear.h"
#include "model/parallel.h"

namespace tvr {
namespace {

// Of one element, in multiplications of a product.
constexpr std::int64_t kAdditionCost = 16, kMaximumCost = 64, kGateCost = 256, kScatterCost = 128;
constexpr float kSmallestNorm = 1e-12F;  // torch.nn.functional.normalize

Matrix apply(const Linear& layer, const Matrix& x) {
  Matrix y = multiply_transposed(x, layer.weight);
  parallel_for(y.rows(), kAdditionCost * y.cols(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      float* const row = y.row(n);
      for (std::int64_t d = 0; d < y.cols(); ++d) row[d] += layer.bias[static_cast<std::size_t>(d)];
    }
  });
  return y;
}

float dot(const float* a, const float* b, std::int64_t count) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return static_cast<float>(sum);
}

}  // namespace

TextBatch gather_words(const Matrix& vectors, const std::vector<const std::vector<std::int32_t>*>& captions,
                       std::int64_t max_words) {
  TextBatch batch;
  std::unordered_map<std::int32_t, std::int32_t> row_of;
  std::vector<std::int32_t> ids;
  for (const std::vector<std::int32_t>* caption : captions) {
    std::vector<std::int32_t>& rows = batch.rows.emplace_back();
    const std::size_t kept = std::min(caption->size(), static_cast<std::size_t>(max_words));
    for (std::size_t w = 0; w < kept; ++w) {
      const auto [entry, is_new] = row_of.emplace((*caption)[w], static_cast<std::int32_t>(ids.size()));
      if (is_new) ids.push_back((*caption)[w]);
      rows.push_back(entry->second);
    }
  }
  batch.words = Matrix(static_cast<std::int64_t>(ids.size()) + 1, vectors.cols());
  for (std::size_t u = 0; u < ids.size(); ++u) {
    std::copy_n(vectors.row(ids[u]), vectors.cols(), batch.words.row(static_cast<std::int64_t>(u)));
  }
  for (std::vector<std::int32_t>& rows : batch.rows) {
    if (rows.size() < static_cast<std::size_t>(max_words))
      rows.push_back(static_cast<std::int32_t>(ids.size()));
  }
  return batch;
}

GatedUnit::GatedUnit(const Linear& fc, const Linear& gate, Matrix x)
    : gate_(gate),
      x_(std::move(x)),
      y_(apply(fc, x_)),
      sigmoid_(apply(gate, y_)),
      out_(y_.rows(), y_.cols()),
      norms_(static_cast<std::size_t>(y_.rows())) {
  const std::int64_t dim = y_.cols();
  parallel_for(y_.rows(), kGateCost * dim, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      float* const gate_row = sigmoid_.row(n);
      float* const out = out_.row(n);
      for (std::int64_t d = 0; d < dim; ++d) {
        gate_row[d] = 1.0F / (1.0F + std::exp(-gate_row[d]));
        out[d] = y_.row(n)[d] * gate_row[d];
      }
      const float norm = std::max(std::sqrt(dot(out, out, dim)), kSmallestNorm);
      for (std::int64_t d = 0; d < dim; ++d) out[d] /= norm;
      norms_[static_cast<std::size_t>(n)] = norm;
    }
  });
}

void GatedUnit::backward(const Matrix& d_out, LinearGradient& fc, LinearGradient& gate) && {
  const std::int64_t dim = y_.cols();
  Matrix d_product(y_.rows(), dim);  // dz * sigmoid: the part of dy that bypasses the gate's layer
  Matrix d_gate(y_.rows(), dim);
  parallel_for(y_.rows(), kGateCost * dim, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      const float norm = norms_[static_cast<std::size_t>(n)];
      const float* const out = out_.row(n);
      // A row whose norm was clamped was divided by a constant: there is nothing to project out.
      const float along = norm > kSmallestNorm ? dot(out, d_out.row(n), dim) : 0.0F;
      for (std::int64_t d = 0; d < dim; ++d) {
        const float s = sigmoid_.row(n)[d];
        const float dz = (d_out.row(n)[d] - out[d] * along) / norm;
        d_product.row(n)[d] = dz * s;
        d_gate.row(n)[d] = dz * y_.row(n)[d] * s * (1.0F - s);
      }
    }
  });
  Matrix dy = multiply(d_gate, gate_.weight);
  for (std::int64_t i = 0; i < dy.rows() * dim; ++i) dy.data()[i] += d_product.data()[i];
  gate = {std::move(d_gate), std::move(y_)};
  fc = {std::move(dy), std::move(x_)};
}

CaptionTower::CaptionTower(const Parameters& parameters, TextBatch batch, const Dropout& dropout,
                           std::optional<Share> mine)
    : parameters_(parameters),
      batch_(std::move(batch)),
      mine_(mine.value_or(Share{0, static_cast<std::int64_t>(batch_.rows.size())})),
      dropout_scale_(dropout.scale()),
      hidden_(apply(parameters[kTextPooling], batch_.words)),
      unit_(parameters[kTextFc], parameters[kTextGate], pool(dropout)) {}

Matrix CaptionTower::pool(const Dropout& dropout) {
  const std::int64_t dim = hidden_.cols();
  Matrix pooled(mine_.count(), dim);
  best_row_.assign(static_cast<std::size_t>(mine_.count() * dim), -1);
  const CounterRandom random = dropout.stream(RandomUse::TextDropout);
  parallel_for(mine_.count(), kMaximumCost * dim, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c) {
      const std::int64_t caption = mine_.first + c;
      float* const best = pooled.row(c);
      std::int32_t* const best_row = best_row_.data() + c * dim;
      for (const std::int32_t row : batch_.rows[static_cast<std::size_t>(caption)]) {
        const float* const word = hidden_.row(row);  // the maximum starts at zero, which is the ReLU
        kernels().keep_larger(word, row, best, best_row, dim);
      }
      if (!dropout.active()) continue;
      for (std::int64_t d = 0; d < dim; ++d) {
        const bool kept = dropout.keeps(random, static_cast<std::uint64_t>(caption * dim + d));
        best_row[d] = kept ? best_row[d] : -1;
        best[d] = kept ? best[d] * dropout.scale() : 0.0F;
      }
    }
  });
  return pooled;
}

void CaptionTower::backward(const Matrix& d_out, Gradients& gradients, std::int64_t units,
                            Collective& group) && {
  std::move(unit_).backward(d_out, gradients[kTextFc], gradients[kTextGate]);
  Matrix d_pooled = multiply(gradients[kTextFc].dy, parameters_[kTextFc].weight);
  const std::int64_t dim = d_pooled.cols();
  if (group.size() > 1) {
    const auto captions = static_cast<std::int64_t>(batch_.rows.size());
    const std::int64_t per_unit = captions / units;
    d_pooled = gather_rows(group, d_pooled, units, per_unit);
    std::vector<std::int32_t> all(static_cast<std::size_t>(captions * dim));
    const auto bytes = per_unit * dim * static_cast<std::int64_t>(sizeof(std::int32_t));
    group.all_gather(best_row_.data(), all.data(), bytes_of_shares(units, bytes, group));
    best_row_ = std::move(all);
  }
  const Share columns = share_of(dim, group);
  Matrix d_hidden(hidden_.rows(), dim);
  parallel_for(columns.count(), kScatterCost * d_pooled.rows(), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = 0; c < d_pooled.rows(); ++c) {
      for (std::int64_t d = columns.first + begin; d < columns.first + end; ++d) {
        const std::int32_t row = best_row_[static_cast<std::size_t>(c * dim + d)];
        if (row >= 0) d_hidden.row(row)[d] += d_pooled.row(c)[d] * dropout_scale_;
      }
    }
  });
  gradients[kTextPooling] = {std::move(d_hidden), std::move(batch_.words)};
}

}  // namespace tvr

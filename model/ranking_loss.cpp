#include "model/ranking_loss.h"

namespace tvr {

Loss max_margin_loss(const Matrix& similarity, double margin) {
  const std::int64_t size = similarity.rows();
  Loss loss{0, Matrix(size, size)};
  const double pairs = static_cast<double>(size * size);
  const auto weight = static_cast<float>(1 / pairs);
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t j = 0; j < size; ++j) {
      for (const std::int64_t pair : {i, j}) {
        const double hinge = margin + static_cast<double>(similarity.row(i)[j]) -
                             static_cast<double>(similarity.row(pair)[pair]);
        if (hinge <= 0) continue;
        loss.value += hinge / pairs;
        loss.d_similarity.row(i)[j] += weight;
        loss.d_similarity.row(pair)[pair] -= weight;
      }
    }
  }
  return loss;
}

}  // namespace tvr

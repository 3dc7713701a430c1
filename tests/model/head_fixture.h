#pragma once

#include <cstdint>
#include <vector>

#include "data/store/feature.h"
#include "model/head.h"
#include "model/head_step.h"
#include "model/pairs.h"
#include "pair_fixture.h"

namespace tvr::testing {

inline Matrix unit_rows(Matrix matrix) {
  for (std::int64_t n = 0; n < matrix.rows(); ++n)
    l2_normalize(matrix.row(n), static_cast<std::size_t>(matrix.cols()));
  return matrix;
}

inline Matrix scaled(Matrix matrix, float factor) {
  for (std::int64_t i = 0; i < matrix.rows() * matrix.cols(); ++i) matrix.data()[i] *= factor;
  return matrix;
}

/// A head that has moved from zero, and a batch of five pairs of which two are of one clip.
inline Head small_head() {
  return {scaled(random_matrix(6, 6, 1), 0.3F), scaled(random_matrix(6, 10, 2), 0.3F), 1.5F};
}
inline HeadBatch small_batch() {
  return {unit_rows(random_matrix(5, 6, 3)), unit_rows(random_matrix(5, 10, 4)), {0, 1, 2, 1, 4}};
}

/// Clips and their captions, which a linear head can learn: both are linear in what is seen, plus noise; but
/// only the first half of it looks alike in sentences and in clips.
struct LearnablePairs {
  static constexpr std::int64_t kDim = 12, kWider = 5;
  PairData pairs;
  Matrix sentences;

  LearnablePairs(std::int64_t clips, int captions_a_clip, std::uint64_t seed) {
    const Matrix seen = random_matrix(clips, kDim, seed);
    const Matrix noise = random_matrix(clips * captions_a_clip, kDim, seed + 1);
    sentences = Matrix(clips * captions_a_clip, kDim);
    Matrix lanes(clips, kDim + kWider);
    for (std::int64_t clip = 0; clip < clips; ++clip) {
      for (std::int64_t d = 0; d < kDim; ++d) {
        const float same = seen.row(clip)[d];
        lanes.row(clip)[d] = d < kDim / 2 ? same : -same;
        if (d < kWider) lanes.row(clip)[kDim + d] = seen.row(clip)[kDim - 1 - d];
      }
      for (int c = 0; c < captions_a_clip; ++c) {
        const std::int64_t row = clip * captions_a_clip + c;
        for (std::int64_t d = 0; d < kDim; ++d)
          sentences.row(row)[d] = seen.row(clip)[d] + 0.3F * noise.row(row)[d];
        pairs.captions.push_back({static_cast<std::int32_t>(row)});
        pairs.clip_of.push_back(static_cast<std::int32_t>(clip));
      }
    }
    sentences = unit_rows(std::move(sentences));
    pairs.clips = unit_rows(std::move(lanes));
  }
};

}  // namespace tvr::testing

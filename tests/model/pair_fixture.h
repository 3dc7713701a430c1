#pragma once

#include <cmath>
#include <cstdint>

#include "data/matrix.h"
#include "model/pairs.h"
#include "model/random.h"

namespace tvr::testing {

inline Matrix random_matrix(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  Matrix matrix(rows, cols);
  const CounterRandom random(seed, RandomUse::Weights, 77);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    matrix.data()[i] = 2 * random.uniform(static_cast<std::uint64_t>(i)) - 1;
  }
  return matrix;
}

/// Clips with `captions_a_clip` captions of 0 to 6 words over `words` ids; what a clip looks like can be told
/// from its words.
inline PairData random_pairs(const Matrix& vectors, std::int64_t clips, int captions_a_clip,
                             std::int64_t video_dim, std::uint64_t seed) {
  PairData pairs;
  pairs.clips = random_matrix(clips, video_dim, seed);
  const CounterRandom random(seed, RandomUse::CaptionChoice, 5);
  const auto words = static_cast<std::uint64_t>(vectors.rows());
  std::uint64_t n = 0;
  for (std::int64_t clip = 0; clip < clips; ++clip) {
    for (int c = 0; c < captions_a_clip; ++c) {
      std::vector<std::int32_t>& caption = pairs.captions.emplace_back();
      caption.push_back(static_cast<std::int32_t>(static_cast<std::uint64_t>(clip) % words));
      for (std::uint64_t more = random.below(6, n++); more > 0; --more) {
        caption.push_back(static_cast<std::int32_t>(random.below(words, n++)));
      }
      pairs.clip_of.push_back(static_cast<std::int32_t>(clip));
    }
  }
  return pairs;
}

}  // namespace tvr::testing

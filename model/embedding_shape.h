#pragma once

#include <cstdint>

namespace tvr {

/// Sizes of the joint embedding (antoine77340/howto100m, model.py).
struct EmbeddingShape {
  std::int64_t word_dim = 300;    // E
  std::int64_t video_dim = 4096;  // Dv
  std::int64_t embd_dim = 4096;   // D
  /// Captions are zero-padded to this many words; the padding takes part in the max pooling.
  std::int64_t max_words = 20;
};

}  // namespace tvr

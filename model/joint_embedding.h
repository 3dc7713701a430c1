#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/matrix.h"
#include "data/tensors/tensor.h"
#include "model/embedding_shape.h"

namespace tvr {

/// The joint text-video embedding in evaluation mode, as the reference defines it:
///   text:  fc(E to D), ReLU, max over the max_words positions, gated unit, L2;
///   video: gated unit (Dv to D), L2;     gated unit: y = fc(x); y * sigmoid(cg.fc(y)).
class JointEmbedding {
 public:
  /// From a state dict with the reference's names (text_pooling.fc.weight, GU_text.fc.weight,
  /// GU_text.cg.fc.weight, ..., GU_text.cg.batch_norm.* unused). The shape is taken from the tensors, except
  /// for max_words, which they do not show. Throws Error(Mismatch) naming the first missing or misshapen
  /// tensor.
  JointEmbedding(const NamedTensors& state, std::int64_t max_words);
  ~JointEmbedding();
  JointEmbedding(JointEmbedding&&) noexcept;
  JointEmbedding& operator=(JointEmbedding&&) noexcept;

  [[nodiscard]] const EmbeddingShape& shape() const noexcept;
  /// captions: word ids into vectors [V, E]; returns [captions, D], rows of unit length.
  [[nodiscard]] Matrix embed_text(const Matrix& vectors,
                                  const std::vector<std::vector<std::int32_t>>& captions) const;
  /// clips [N, Dv] to [N, D], rows of unit length.
  [[nodiscard]] Matrix embed_video(const Matrix& clips) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr

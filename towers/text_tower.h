#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/matrix.h"
#include "data/precision.h"
#include "towers/encoder_folder.h"
#include "towers/tower_weights.h"

namespace tvr {

/// Sentences, as the ids of their tokens, to vectors, on the CPU.
class TextTower {
 public:
  /// `threads`: of a call of embed(). Reads the weights; throws what ImageTower's constructor throws.
  explicit TextTower(const EncoderSpec& spec, Precision precision = Precision::Fp32, int threads = 1);
  /// The same with weights from elsewhere, which fit the encoder's shapes.
  TextTower(const EncoderSpec& spec, TextTowerWeights weights, Precision precision, int threads = 1);
  ~TextTower();
  TextTower(TextTower&&) noexcept;
  TextTower& operator=(TextTower&&) noexcept;

  [[nodiscard]] int dim() const noexcept;
  /// What a cosine is multiplied by, and what is added, where the encoder was trained: 100 and 0 in most
  /// CLIPs.
  [[nodiscard]] float logit_scale() const noexcept;
  [[nodiscard]] float logit_bias() const noexcept;

  /// A sentence's ids hold its begin and end token and may be padded; those of a tower that is not causal
  /// must be padded to its context length, as it was trained. Returns [N, dim], not normalised. A causal
  /// tower computes the rows up to the end token alone, so padding changes nothing. Thread-safe. The other
  /// sentences of a batch change a row by rounding only. Throws Error(InvalidArgument) for ids that are not
  /// in the vocabulary, for too many of them and for a sentence without end token.
  /// Throws Error(Corrupt) rather than give a value that is not finite.
  [[nodiscard]] Matrix embed(const std::vector<std::vector<std::int32_t>>& ids) const;

 private:
  class Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace tvr

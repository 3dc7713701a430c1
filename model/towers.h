#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "model/parameters.h"

namespace tvr {

/// The gradient of a linear layer in factored form: dW = dy^T x, db = the column sums of dy. With a batch of
/// 32 the factors are a hundredth of the product, so the product is never stored as a whole.
struct LinearGradient {
  Matrix dy;  // [N, O]
  Matrix x;   // [N, I]
};
using Gradients = std::array<LinearGradient, kLayers>;

/// Captions as the text layer sees them: each different word of the batch once. The last row of `words` is
/// the zero vector: all padding, which therefore costs one row, not max_words.
struct TextBatch {
  Matrix words;  // [U + 1, E]
  std::vector<std::vector<std::int32_t>>
      rows;  // a caption's rows of `words`, padding (row U) included if there is any
};

/// Gathers captions (ids into vectors [V, E]; at most max_words of each are taken).
[[nodiscard]] TextBatch gather_words(const Matrix& vectors,
                                     const std::vector<const std::vector<std::int32_t>*>& captions,
                                     std::int64_t max_words);

/// The reference's gated unit, with what its backward pass needs:
///   y = fc(x); out = y * sigmoid(cg.fc(y)), each row then divided by its norm.
class GatedUnit {
 public:
  GatedUnit(const Linear& fc, const Linear& gate, Matrix x);
  [[nodiscard]] const Matrix& out() const noexcept { return out_; }

  /// Given d(loss)/d(out), moves the layers' gradients into `fc` and `gate`. To be called once.
  void backward(const Matrix& d_out, LinearGradient& fc, LinearGradient& gate) &&;

 private:
  const Linear& fc_;
  const Linear& gate_;
  Matrix x_, y_, sigmoid_, out_;
  std::vector<float> norms_;  // of the rows before they were divided
};

/// Text tower: fc, ReLU, maximum over a caption's words, gated unit.
class TextTower {
 public:
  TextTower(const Parameters& parameters, TextBatch batch);
  [[nodiscard]] const Matrix& out() const noexcept { return unit_.out(); }
  void backward(const Matrix& d_out, Gradients& gradients) &&;

 private:
  Matrix pool();

  const Parameters& parameters_;
  TextBatch batch_;
  Matrix hidden_;                       // [U + 1, D], before the ReLU
  std::vector<std::int32_t> best_row_;  // [captions, D]: the row of hidden_ that is the maximum; -1: zero is
  GatedUnit unit_;
};

}  // namespace tvr

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "data/matrix.h"
#include "model/distributed/share.h"
#include "model/dropout.h"
#include "model/parameters.h"

namespace tvr {

/// The gradient of a linear layer in factored form: dW = dy^T x, db = the column sums of dy. With a batch of
/// 32 the factors take a hundredth of the product's memory, so the product is never stored as a whole.
struct LinearGradient {
  Matrix dy;  // [N, O]
  Matrix x;   // [N, I]
};
using Gradients = std::array<LinearGradient, kLayers>;

/// Captions as input of the text layer: each distinct word of the batch once. The last row of `words` is the
/// zero vector, which stands for all padding, so that padding costs one row instead of max_words.
struct TextBatch {
  Matrix words;  // [U + 1, E]
  std::vector<std::vector<std::int32_t>>
      rows;  // per caption: its rows of `words`, including the padding (row U) if it has any
};

/// Gathers captions (word ids: rows of vectors [V, E]; the first max_words of each are used).
[[nodiscard]] TextBatch gather_words(const Matrix& vectors,
                                     const std::vector<const std::vector<std::int32_t>*>& captions,
                                     std::int64_t max_words);

/// The reference's gated embedding unit; keeps what its backward pass needs:
///   y = fc(x); out = y * sigmoid(cg.fc(y)), each row then L2-normalised.
class GatedUnit {
 public:
  GatedUnit(const Linear& fc, const Linear& gate, Matrix x);
  [[nodiscard]] const Matrix& out() const noexcept { return out_; }

  /// Given d(loss)/d(out), moves the layers' gradients into `fc` and `gate`. Call it once.
  void backward(const Matrix& d_out, LinearGradient& fc, LinearGradient& gate) &&;

 private:
  const Linear& gate_;
  Matrix x_, y_, sigmoid_, out_;
  std::vector<float> norms_;  // of the rows before normalisation
};

/// The joint embedding's text tower: fc, ReLU, max pooling over a caption's words, dropout, gated unit.
class CaptionTower {
 public:
  /// `mine`: the captions of the batch to work on; nullopt: all.
  CaptionTower(const Parameters& parameters, TextBatch batch, const Dropout& dropout = {},
               std::optional<Share> mine = std::nullopt);
  [[nodiscard]] const Matrix& out() const noexcept { return unit_.out(); }  // [mine, D]

  /// Given d(loss)/d(out), sets the text layers' gradients: those of the gated unit over the captions `mine`,
  /// that of the pooling over all captions of the group's processes, but only in the columns of dy that are
  /// this process's share. Each process has C captions for each of its `units`.
  void backward(const Matrix& d_out, Gradients& gradients, std::int64_t units, Collective& group) &&;

 private:
  Matrix pool(const Dropout& dropout);

  const Parameters& parameters_;
  TextBatch batch_;
  Share mine_;
  float dropout_scale_;
  Matrix hidden_;  // [U + 1, D], before the ReLU
  std::vector<std::int32_t>
      best_row_;  // [mine, D]: the maximum's row of hidden_; -1: zero by ReLU or dropout
  GatedUnit unit_;
};

}  // namespace tvr

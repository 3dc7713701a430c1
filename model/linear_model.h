#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "data/sparse_row.h"
#include "data/tensors/tensor.h"

namespace tvr {

/// Linear maps of sparse texts and of clips into one space [K], as fit_linear_model() finds them. What any
/// learned model has to beat.
class LinearModel {
 public:
  /// The weights [V, K] and [Dv, K] of the maps, and what is added, [K].
  LinearModel(Matrix text, std::vector<float> text_bias, Matrix video, std::vector<float> video_bias);
  /// From the tensors of state(). Throws Error(Mismatch) naming the first that is missing or misshapen.
  explicit LinearModel(const NamedTensors& state);

  [[nodiscard]] std::int64_t words() const noexcept { return text_.rows(); }       // V
  [[nodiscard]] std::int64_t video_dim() const noexcept { return video_.rows(); }  // Dv
  [[nodiscard]] std::int64_t dim() const noexcept { return text_.cols(); }         // K
  /// [texts, K], rows of unit length; a column from V on is an error of the caller.
  [[nodiscard]] Matrix embed_text(const std::vector<SparseRow>& texts) const;
  /// clips [N, Dv], not standardised, to [N, K], rows of unit length. Throws Error(Mismatch) for another
  /// width.
  [[nodiscard]] Matrix embed_video(const Matrix& clips) const;

  /// "text.weight" [V, K], "text.bias" [K], "video.weight" [Dv, K], "video.bias" [K].
  [[nodiscard]] NamedTensors state() const;

 private:
  Matrix text_, video_;
  std::vector<float> text_bias_, video_bias_;
};

/// Scales each row to length 1; one that is shorter than 1e-12 is divided by that.
void to_unit_length(Matrix& rows);

}  // namespace tvr

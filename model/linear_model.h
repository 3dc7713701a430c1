#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "data/sparse_row.h"
#include "data/tensors/tensor.h"

namespace tvr {

/// What a linear model is fitted to: texts[i], a row of V columns, describes clip clip_of[i].
struct LinearPairs {
  std::int64_t words = 0;  // V
  std::vector<SparseRow> texts;
  std::vector<std::int32_t> clip_of;
  Matrix clips;                        // [N, Dv]
  std::vector<std::int32_t> video_of;  // [N]; clips of one video are held out together
};

/// How strongly a linear model is smoothed.
struct LinearSmoothing {
  double text_ridge = 1;   // in units of the mean variance of a word's column
  double video_ridge = 1;  // in units of the variance of a standardised feature column
  double power = 1;        // a component counts by this power of its correlation
};

/// Regularised canonical correlation analysis (Hotelling 1936; ridges: Vinod 1976) between sparse texts and
/// clips whose columns are standardised: the linear maps of both into the space [K] whose components are most
/// correlated over the training pairs. What any learned model has to beat.
class LinearModel {
 public:
  /// Fits with given smoothing. Deterministic, whatever the number of cores. Throws Error(Mismatch) for
  /// fewer than two clips, no words, or equal features, Error(Unsupported) where LibTorch has no LAPACK.
  LinearModel(const LinearPairs& pairs, const LinearSmoothing& smoothing);
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
  friend class LinearFit;
  LinearModel() = default;

  Matrix text_, video_;
  std::vector<float> text_bias_, video_bias_;
};

/// The smoothing with the highest R@1 + R@5 + R@10, text to video, on videos held out of the pairs: four
/// folds, of at most 2000 clips in all.
[[nodiscard]] LinearSmoothing choose_smoothing(const LinearPairs& pairs);

}  // namespace tvr

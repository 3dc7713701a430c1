#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "data/sparse_row.h"
#include "model/linear_model.h"

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
  /// The mean of R@1, R@5 and R@10, text to video, on the folds that it was chosen by; 0: it was not.
  double recall = 0;
};

/// Regularised canonical correlation analysis (Hotelling 1936; ridges: Vinod 1976) between sparse texts and
/// clips whose columns are standardised: the linear maps of both into the space [K] whose components are most
/// correlated over the training pairs. Deterministic, whatever the number of cores. Throws Error(Mismatch)
/// for fewer than two clips, no words, or equal features, Error(Corrupt) for a feature that is not finite,
/// Error(Unsupported) where LibTorch has no LAPACK.
[[nodiscard]] LinearModel fit_linear_model(const LinearPairs& pairs, const LinearSmoothing& smoothing);

/// The smoothing with the highest R@1 + R@5 + R@10, text to video, on videos held out of the pairs: four
/// folds, of at most 2000 clips in all. Throws as fit_linear_model() does.
[[nodiscard]] LinearSmoothing choose_smoothing(const LinearPairs& pairs);

}  // namespace tvr

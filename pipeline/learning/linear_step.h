#pragma once

#include <optional>

#include "pipeline/encoders/linear_encoder.h"
#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"
#include "pipeline/run/run_folder.h"

namespace tvr {

/// The linear baseline of a run: fitted to the training pairs and kept as linear.pth, or read from there when
/// it is up to date. None, and the reason said, where there is too little to fit.
[[nodiscard]] std::optional<LinearEncoder> fit_linear_baseline(RunFolder& folder, const Pairs& train);

/// The kernel model of a run, kernel.pth, in the same way. Its kernel is linear, which makes it `linear`,
/// where that recalls more on held-out training clips than a Gaussian one.
[[nodiscard]] std::optional<LinearEncoder> fit_kernel_model(RunFolder& folder, const Pairs& train,
                                                            const LinearEncoder& linear);

/// Without the embeddings, which would fill memory.
[[nodiscard]] Evaluation evaluate_linear(const LinearEncoder& linear, const Pairs& test, Ties ties);

}  // namespace tvr

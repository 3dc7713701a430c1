#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/pairs.h"
#include "model/retrieval_metrics.h"
#include "model/train_options.h"
#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"
#include "text/coverage.h"

namespace tvr {

/// What makes a training or its metrics worth less than they seem. Each function below returns one sentence
/// that says what was found and what to do about it, or "" when there is nothing to say.

/// Warns of `caution` and keeps it in `findings`, for the report; "" is ignored.
void give_caution(std::string caution, std::vector<std::string>& findings);

/// The training ends after so few steps that the model can hardly have learned.
[[nodiscard]] std::string too_few_steps(const PairData& train, const TrainOptions& options);

/// Most of the words in the captions of `split` have no vector: the model does not see them.
[[nodiscard]] std::string mostly_unknown(const TextCoverage& coverage, const std::string& split);

/// Different test clips have the same caption. All of them but one must be ranked behind another, so R@1
/// cannot reach 100 %.
[[nodiscard]] std::string captions_of_several_clips(const Pairs& test);

/// Most of the test captions are training captions word for word: the metrics say little about new sentences.
[[nodiscard]] std::string captions_known_from_training(const Pairs& train, const Pairs& test);

/// Test clips are of videos that the run was trained on. `training`: their ids, a line each; `run`: what the
/// run is called.
[[nodiscard]] std::string clips_known_from_training(const std::string& training,
                                                    const std::vector<ClipRef>& test, const std::string& run);

/// The models, one per seed, on average do not beat the linear baseline in R@1 + R@5 + R@10, text to video.
[[nodiscard]] std::string not_better_than_linear(const std::vector<Evaluation>& seeds,
                                                 const RetrievalMetrics& linear);

/// The same of heads and the pretrained pair that they stand on.
[[nodiscard]] std::string not_better_than_zero_shot(const std::vector<Evaluation>& seeds,
                                                    const RetrievalMetrics& zero_shot);

/// The mean rank of the captions of `split` is hardly better than that of a random ranking of its `clips`.
/// Training can fail so without an error: at too high a learning rate all embeddings become alike, and from
/// the captions of other videos nothing can be learned.
[[nodiscard]] std::string no_better_than_chance(const std::string& split, const RetrievalMetrics& t2v,
                                                std::int64_t clips);

}  // namespace tvr

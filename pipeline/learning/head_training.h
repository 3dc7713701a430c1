#pragma once

#include <string>
#include <vector>

#include "data/store/feature_store.h"
#include "model/head_options.h"
#include "pipeline/learning/learn_step.h"

namespace tvr {

/// The lanes with the image tower's, whose weights are `encoder_id`, in front. Throws Error(NotFound) when it
/// is not among them.
[[nodiscard]] std::vector<RecipeRow> image_tower_first(std::vector<RecipeRow> lanes,
                                                       const std::string& encoder_id);

/// Trains and evaluates a head per seed: options.seed, options.seed + 1, ... on splits of
/// load_sentence_splits(); skips what is up to date. `logit_scale`: the pair's. The result has the pair
/// without a head beside it, and no words. Files and metrics.json are those of learn(); metrics.json has
/// {"zero_shot": ...} of the test split, too. Adds "train" and "eval" to `time`.
[[nodiscard]] Learned learn_head(RunFolder& folder, Splits splits, const HeadOptions& options, int seeds,
                                 double logit_scale, TimeAccount& time);

}  // namespace tvr

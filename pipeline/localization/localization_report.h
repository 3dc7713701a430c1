#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/datasets/crosstask.h"
#include "pipeline/localization/localization.h"
#include "pipeline/run/placed_steps.h"

namespace tvr {

/// A row per task that has videos, with both recalls in percent and, beside each, that of the two guesses;
/// then the mean over the tasks and its interval.
[[nodiscard]] std::string table_of(const CrossTask& data, const Localization& result);

/// {"tasks": [{"task": id, "title":, "steps":, "videos":, "model": R, "uniform": R, "random": R}], "mean":
/// {"model": R, ...}, "videos":, "left_out": {"without_features": [...], "without_annotation": [...]},
/// "too_short": [...], "without_steps": [...]} where R is {"pooled":, "by_video":, "interval_95": {"pooled":
/// [low, high], "by_video": [low, high]}} in percent, null where it is 0 of 0.
[[nodiscard]] nlohmann::json json_of(const CrossTask& data, const Localization& result);

/// One sentence for each kind of video that is left out or cannot count, and for tasks without recall.
[[nodiscard]] std::vector<std::string> sentences_of(const CrossTask& data, const Localization& result);

/// All steps of all videos, for placed_steps_csv().
[[nodiscard]] std::vector<PlacedStep> placed_steps(const CrossTask& data, const Localization& result);

}  // namespace tvr

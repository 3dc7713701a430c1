#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/commands/train_options.h"
#include "pipeline/learning/eval_sets.h"

namespace tvr {

/// The checkpoints whose paths match the glob `pattern`, in natural order of their names: e2 before e10.
/// Throws Error(NotFound) when there is none.
[[nodiscard]] std::vector<std::filesystem::path> checkpoints_matching(const std::string& pattern);

/// Evaluates each checkpoint on each set; words and features are read once. Word vectors, lanes and pooling
/// that `given` does not name are those of the run that the first checkpoint is of. Throws
/// Error(InvalidArgument) when word vectors are named nowhere.
[[nodiscard]] std::vector<EvalSetRow> evaluate_checkpoints(
    const std::vector<std::filesystem::path>& checkpoints, const std::vector<EvalSetOptions>& sets,
    const StoreRunOptions& given);

/// As JSON: [{"checkpoint": PATH, "sets": {NAME: {"t2v": {...}}}}].
[[nodiscard]] std::string json_of(const std::vector<EvalSetRow>& rows);

}  // namespace tvr

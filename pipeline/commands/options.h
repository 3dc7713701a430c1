#pragma once

#include <vector>

#include "data/datasets/dataset.h"
#include "pipeline/extraction/extract_options.h"
#include "pipeline/learning/data_options.h"

namespace CLI {
class App;
}

namespace tvr {

// Each adds the flags of one group to a subcommand; flags of equal name mean the same everywhere. --seed is
// added by the subcommands: one flag seeds all that is random in a command.
void add_feature_flags(CLI::App& command, FeatureOptions& options);
void add_speed_flags(CLI::App& command, SpeedOptions& options);
void add_extract_flags(CLI::App& command, ExtractOptions& options);  // the videos and the store
void add_data_flags(CLI::App& command, DataOptions& options,
                    const std::vector<DatasetFormat>& formats = dataset_formats());

}  // namespace tvr

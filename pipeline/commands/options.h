#pragma once

#include <vector>

#include "data/datasets/data_options.h"
#include "data/datasets/dataset.h"
#include "pipeline/extraction/extract_options.h"

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace tvr {

/// What encoder_folder() is of, in help and for doctor.
constexpr const char* kEncoderKind = "FOLDER, FILE.json or NAME";
/// Replaces the folder of an encoder pair by its absolute path, and a name of `pipeline get` by the folder in
/// the cache.
[[nodiscard]] CLI::Validator encoder_folder();

// Each adds the flags of one group to a subcommand; flags of the same name mean the same everywhere. The
// subcommands add --seed themselves, as it seeds everything random in a command.
void add_feature_flags(CLI::App& command, FeatureOptions& options,
                       const std::vector<BuiltinLane>& lanes = builtin_lanes());
/// --model-2d, --weights-2d and the like for each of `lanes`, and --model and --weights LANE=VALUE. Files
/// need not exist.
void add_network_flags(CLI::App& command, std::map<std::string, NetworkChoice>& networks,
                       const std::string& group, const std::vector<BuiltinLane>& lanes = builtin_lanes());
void add_speed_flags(CLI::App& command, SpeedOptions& options);
void add_extract_flags(CLI::App& command, ExtractOptions& options);  // the videos and the store
void add_scratch_flag(CLI::App& command, std::filesystem::path& scratch);
void add_data_flags(CLI::App& command, DataOptions& options,
                    const std::vector<DatasetFormat>& formats = dataset_formats());

}  // namespace tvr

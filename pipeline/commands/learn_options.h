#pragma once

#include "pipeline/learning/learning_options.h"

namespace CLI {
class App;
}

namespace tvr {

/// The flag that names a preset of training flags.
inline constexpr const char* kPresetFlag = "--training-preset";

/// The flags of the model's inputs: --word-vectors, --pooling, --max-words.
void add_input_flags(CLI::App& command, LearnOptions& options);
/// Those and the flags of training.
void add_learn_flags(CLI::App& command, LearnOptions& options);

/// Sets the flags of the chosen training preset that the user has not set, so that config.toml shows the
/// values used.
void apply_training_preset(CLI::App& command);

}  // namespace tvr

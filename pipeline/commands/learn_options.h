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

/// Where --init names a checkpoint: sets --embd-dim to its size and --word-vectors to those of the run that
/// it lies in, unless the user has set them. Other word vectors than that run's are warned of. Throws
/// Error(InvalidArgument) when there is no run to take word vectors from.
void complete_from_checkpoint(CLI::App& command, const LearnOptions& options);

}  // namespace tvr

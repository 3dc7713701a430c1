#pragma once

#include "pipeline/learning/learning_options.h"

namespace CLI {
class App;
}

namespace tvr {

/// The flags that say what the model sees: --word-vectors, --pooling, --max-words.
void add_input_flags(CLI::App& command, LearnOptions& options);
/// Those and the flags of training.
void add_learn_flags(CLI::App& command, LearnOptions& options);

/// Gives the flags of the training preset that was chosen their values where the user has said nothing, so
/// that config.toml shows what was done.
void apply_training_preset(CLI::App& command);

}  // namespace tvr

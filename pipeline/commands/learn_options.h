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

/// Gives the flags that make up `options.recipe` their values where the user has said nothing, so that
/// config.toml shows what was done. "howto100m" is the reference's training (antoine77340/howto100m, MSR-VTT
/// from scratch): every flag's own default. "best" is what did better on real features: docs/TRAINING.md.
void apply_recipe(CLI::App& command, const LearnOptions& options);

}  // namespace tvr

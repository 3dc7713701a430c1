#pragma once

#include <filesystem>
#include <string>

#include "model/trainer.h"

namespace CLI {
class App;
}

namespace tvr {

/// What the cheap side does with features and captions.
struct LearnOptions {
  std::string recipe = "howto100m";    // a preset: howto100m | best
  std::filesystem::path word_vectors;  // empty: fastText skip-gram on the training captions
  std::string pooling = "max";         // rows over time: max | max+mean
  bool standardize = false;            // columns of the clips to mean 0 and deviation 1 for training
  bool select_on_test = false;         // the test split takes the part of validation; stamped on every result
  int seeds = 1;                       // trainings, of seeds train.seed, train.seed + 1, ...; >= 1
  TrainOptions train;
};

/// The flags that say what the model sees: --word-vectors, --pooling, --max-words.
void add_input_flags(CLI::App& command, LearnOptions& options);
/// Those and the flags of training.
void add_learn_flags(CLI::App& command, LearnOptions& options);

/// Gives the flags that make up `options.recipe` their values where the user has said nothing, so that
/// config.toml shows what was done. "howto100m" is the reference's training (antoine77340/howto100m, MSR-VTT
/// from scratch): every flag's own default. "best" is what did better on real features: docs/TRAINING.md.
void apply_recipe(CLI::App& command, const LearnOptions& options);

}  // namespace tvr

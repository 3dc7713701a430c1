#pragma once

#include <filesystem>
#include <string>

#include "model/trainer.h"

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

}  // namespace tvr

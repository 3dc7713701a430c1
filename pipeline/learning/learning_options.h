#pragma once

#include <filesystem>

#include "data/store/feature.h"
#include "model/train_options.h"

namespace tvr {

/// How a model is trained on features and captions.
struct LearnOptions {
  std::filesystem::path word_vectors;  // empty: fastText skip-gram on the training captions
  bool whiten_words = true;            // vectors trained on the captions: text/word_vectors.h
  int identity_columns = 0;            // the same; of vectors trained on the captions alone
  Pooling pooling = Pooling::Max;      // of a clip's rows over time
  bool standardize = false;            // columns of the clips to mean 0, standard deviation 1 for training
  bool select_on_test = false;         // the test split serves as validation split; stamped on every result
  int seeds = 1;                       // models with seeds train.seed, train.seed + 1, ...; >= 1
  int ensemble = 1;                    // networks per model, whose similarities are averaged; >= 1
  double linear_weight = 0;            // the linear model's share of the similarity, 0 to 1
  double kernel_weight = 0;            // the kernel model's; together below 1
  bool keep_epochs = false;            // each epoch's weights are kept, as epochs/e1.pth, e2.pth, ...
  int min_steps = 0;                   // per epoch: few clips get smaller batches
  std::filesystem::path init;          // checkpoint whose weights every network starts from; empty: random
  TrainOptions train;
};

}  // namespace tvr

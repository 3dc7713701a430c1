#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "data/datasets/dataset.h"
#include "data/store/feature_store.h"
#include "model/parameters.h"
#include "model/retrieval_metrics.h"
#include "pipeline/learning/learning_data.h"

namespace tvr {

/// A further data set that models are evaluated on: its test split, and the store with its clips.
struct EvalSetOptions {
  std::string name;
  DatasetSpec dataset;
  std::filesystem::path store;
};

/// "NAME=ANNOTATIONS[,TEST.csv][@STORE.db]" as a user writes it; without a store, it is `store`. Throws
/// Error(InvalidArgument).
[[nodiscard]] EvalSetOptions parse_eval_set(const std::string& text, const std::filesystem::path& store);

/// The same text with absolute paths, so that it means the same from any working directory.
[[nodiscard]] std::string with_absolute_paths(const std::string& eval_set);

/// The captions of such a set, before its features are read.
struct EvalCaptions {
  EvalSetOptions options;
  DataSet data;
};
/// Reads the captions. Throws Error(InvalidArgument) for two sets of one name, Error(NotFound) for a set
/// without a test split, and what read_data() throws.
[[nodiscard]] std::vector<EvalCaptions> read_eval_sets(const std::vector<EvalSetOptions>& options);

/// The test split of a set: features, captions and their word ids.
struct EvalSet {
  std::string name;
  Pairs test;
};
/// Reads the features of the lanes with these names. Throws what choose_recipes() and load_pairs() throw.
[[nodiscard]] EvalSet load_eval_set(const EvalCaptions& captions, const std::vector<std::string>& lanes,
                                    const WordTable& words, Pooling pooling, int max_words);

/// Text to video, ties averaged. Throws Error(Mismatch) for features of another width than the model's.
[[nodiscard]] RetrievalMetrics evaluate(const Parameters& model, const Matrix& vectors, const EvalSet& set,
                                        int max_words);

/// The metrics of one set, by name.
struct EvalSetMetrics {
  std::string name;
  RetrievalMetrics t2v;
};
/// A table of models by sets: a row for each set of each model.
struct EvalSetRow {
  std::string model;  // "epoch 3", "e3.pth"
  std::vector<EvalSetMetrics> sets;
};
[[nodiscard]] std::string eval_set_table(const std::string& model_title, const std::vector<EvalSetRow>& rows);

}  // namespace tvr

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data/datasets/caption.h"
#include "data/store/store_inspector.h"
#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"
#include "text/coverage.h"
#include "text/word_vectors.h"

namespace tvr {

/// What the report of a run tells. Texts are as they are: the report escapes them.
struct ReportInput {
  std::string title;
  std::string subtitle;               // the data set and its sizes
  std::vector<std::string> cautions;  // what must be known before a figure is quoted; shown first
  const Pairs* test = nullptr;        // not empty
  const Evaluation* evaluation = nullptr;
  std::vector<RetrievalMetrics> seeds;  // text to video of each training, of other seeds too
  std::filesystem::path history;        // history.jsonl
  std::vector<std::pair<std::string, TextCoverage>> text;  // by split: "train", "test"
  const WordTable* words = nullptr;  // words of test sentences without a vector are marked
  std::vector<OutcomeSum> outcomes;  // how many videos, by lane and status
  std::vector<OutcomeRow> troubles;  // of those that failed, the first
  std::vector<std::string> notes;    // what the checks of the data set found
  std::vector<std::pair<std::string, std::string>>
      provenance;                                      // name and value: recipes, weights, hashes, ...
  std::string config;                                  // config.toml
  std::function<std::string(const ClipRef&)> picture;  // a JPEG of a clip, or empty
};

/// One HTML page that opens anywhere and asks no other host for anything: figures with bootstrap intervals
/// and chance, curves, recall at every K, ranks, some test sentences with what was wanted and what was found
/// (the best, the middling and the worst), words without vectors, videos that failed, findings, provenance
/// and configuration.
[[nodiscard]] std::string report_html(const ReportInput& input);

}  // namespace tvr

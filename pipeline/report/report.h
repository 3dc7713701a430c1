#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
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

/// The contents of a run's report. Texts are not escaped yet: the report does that.
struct ReportInput {
  std::string title;
  std::string subtitle;               // the data set and its sizes
  std::vector<std::string> cautions;  // caveats to know before quoting a metric; shown first
  const Pairs* test = nullptr;        // not empty
  const Evaluation* evaluation = nullptr;
  std::vector<RetrievalMetrics> seeds;                     // text to video, one per training seed
  std::optional<RetrievalMetrics> linear;                  // text to video, of the linear baseline
  std::optional<RetrievalMetrics> zero_shot;               // text to video, of the pair below a head
  std::filesystem::path history;                           // history.jsonl
  std::vector<std::pair<std::string, TextCoverage>> text;  // by split: "train", "test"
  const WordTable* words = nullptr;  // to mark the words of test captions without a vector
  std::vector<OutcomeSum> outcomes;  // number of videos by lane and status
  std::vector<OutcomeRow> troubles;  // the first of the failed and partial ones
  std::vector<std::string> notes;    // what the checks of the data set found
  std::vector<std::pair<std::string, std::string>>
      provenance;                                      // name and value: recipes, weights, hashes, ...
  std::string config;                                  // config.toml
  std::function<std::string(const ClipRef&)> picture;  // a frame of a clip as JPEG, or empty
};

/// A self-contained HTML page that makes no network request: metrics with bootstrap intervals, those of a
/// linear model or of the pretrained pair below a head, and of chance, curves, recall at every K, ranks,
/// example queries with the correct clip and the clips found (the best, the median and the worst), words
/// without vectors, videos that failed, data set checks, provenance and configuration.
[[nodiscard]] std::string report_html(const ReportInput& input);

}  // namespace tvr

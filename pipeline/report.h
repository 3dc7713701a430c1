#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/caption.h"
#include "data/video.h"
#include "pipeline/learn_step.h"

namespace tvr {

/// What the report of a run tells.
struct ReportInput {
  std::string title;
  const DataSet* data = nullptr;
  const std::vector<VideoSource>* videos = nullptr;
  const Pairs* test = nullptr;
  const Evaluation* evaluation = nullptr;
  std::filesystem::path history;                             // history.jsonl
  std::vector<std::pair<std::string, std::string>> details;  // name and value: recipes, weights, options, ...
  std::vector<std::string> findings;                         // data checks, failed videos: one sentence each
};

/// One HTML page that opens anywhere: metrics with chance, recall at every K, training curves, rank
/// histogram, and for some test sentences (the best, the middling and the worst) the top-ranked thumbnails
/// with the wanted one marked.
[[nodiscard]] std::string report_html(const ReportInput& input);

}  // namespace tvr

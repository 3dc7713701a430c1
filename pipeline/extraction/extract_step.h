#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/datasets/video.h"
#include "data/store/feature_store.h"
#include "pipeline/extraction/extract_options.h"
#include "pipeline/extraction/parallel_extract.h"
#include "pipeline/terminal/time_account.h"

namespace tvr {

/// Statistics of one extraction.
struct ExtractReport {
  std::filesystem::path store;
  std::int64_t videos = 0;          // requested
  std::int64_t fresh = 0;           // already up to date
  std::int64_t extracted = 0;       // in this run, ok or partial
  std::int64_t partial = 0;         // of the extracted
  std::int64_t failed = 0;          // in this run
  std::int64_t known_failures = 0;  // failed in an earlier run and unchanged, counted in `fresh`
  std::int64_t rows = 0;            // feature rows written
  double seconds = 0;
  double loading_s = 0;  // of that, loading the networks
  ExtractionTimes times;
  std::vector<std::string> failures;  // "id: status: message", the first 20 of this run
  [[nodiscard]] bool all_well() const noexcept { return failed == 0 && known_failures == 0; }
};

/// Brings the store up to date for `videos`: extracts those that are not. Shows progress.
ExtractReport extract_into_store(FeatureStore& store, const std::vector<VideoSource>& videos,
                                 const ExtractionPlan& plan);

/// Says which files of the folder are not taken for videos.
void tell(const PassedOver& passed_over);

/// Says how it went: a line or two, failures included.
void tell(const ExtractReport& report);

/// Adds the time since the last lap, divided among checking files, decoding, networks and store in proportion
/// to the time that the extraction's threads spent on each.
void lap(TimeAccount& time, const ExtractReport& report);

}  // namespace tvr

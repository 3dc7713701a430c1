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

/// The account of one extraction.
struct ExtractReport {
  std::int64_t videos = 0;          // asked for
  std::int64_t fresh = 0;           // done before, and still true
  std::int64_t extracted = 0;       // now, ok or partial
  std::int64_t partial = 0;         // of those
  std::int64_t failed = 0;          // now
  std::int64_t known_failures = 0;  // among the fresh
  std::int64_t rows = 0;            // feature rows written
  double seconds = 0;
  double loading_s = 0;  // of that, reading the networks
  ExtractionTimes times;
  std::vector<std::string> failures;  // "id: status: words" of this extraction's, the first 20
  [[nodiscard]] bool all_well() const noexcept { return failed == 0 && known_failures == 0; }
};

/// Brings the store up to date for `videos`: extracts what is not fresh. Shows progress.
ExtractReport extract_into_store(FeatureStore& store, const std::vector<VideoSource>& videos,
                                 const ExtractionPlan& plan);

/// Says how it went: a line or two, failures included.
void tell(const ExtractReport& report);

/// Adds the time since the last lap, shared out among looking at the files, decoding, networks and store by
/// what the threads of the extraction did.
void lap(TimeAccount& time, const ExtractReport& report);

}  // namespace tvr

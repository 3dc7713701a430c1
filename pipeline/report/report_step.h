#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/datasets/caption.h"
#include "data/datasets/dataset.h"
#include "data/store/feature_store.h"
#include "pipeline/learning/learn_step.h"
#include "pipeline/run/run_folder.h"
#include "pipeline/run/run_manifest.h"

namespace tvr {

/// What the report of a run is written from; references are not owned.
struct ReportSubject {
  std::string title;
  std::string config;  // config.toml
  const RunManifest& run;
  const FeatureStore& store;  // that of the run
  const std::vector<RecipeRow>& lanes;
  const DataSet& data;
  const Learned& learned;  // with a test split
};

/// The format of `dataset` and its files with their hashes: rows of name and value.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> provenance_of(
    const DatasetSpec& dataset, const std::vector<DatasetFormat>& formats = dataset_formats());

/// Digest of what the report shows of the run's files and of the version of the page: when it changes, the
/// report must be rewritten.
[[nodiscard]] Digest report_digest(const std::string& config, const std::string& metrics);

/// Gathers what else the report shows (words without vectors, failed videos, frames, hashes of all inputs,
/// versions) and writes report.html into the folder.
void write_report(const RunFolder& folder, const ReportSubject& subject);

}  // namespace tvr

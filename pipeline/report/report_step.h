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

/// What a command knows when it writes the report of a run; nothing is owned.
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

/// Of what a report shows of the run's own files, and of the form of the page: where it is another one, the
/// report is to be written anew.
[[nodiscard]] Digest report_digest(const std::string& config, const std::string& metrics);

/// Gathers what else belongs to it (words without vectors, failed videos, pictures, hashes of all inputs,
/// versions) and writes report.html into the folder.
void write_report(const RunFolder& folder, const ReportSubject& subject);

}  // namespace tvr

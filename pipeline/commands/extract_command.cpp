#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "data/store/known_ids.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/video_flags.h"
#include "pipeline/extraction/extract_step.h"
#include "pipeline/extraction/faster_ways.h"
#include "pipeline/extraction/scratch_store.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

nlohmann::json json_of(const ExtractReport& report) {
  return {{"videos", report.videos},
          {"fresh", report.fresh},
          {"extracted", report.extracted},
          {"partial", report.partial},
          {"failed", report.failed},
          {"known_failures", report.known_failures},
          {"rows", report.rows},
          {"resumed_rows", report.times.resumed_rows},
          {"seconds", report.seconds},
          {"decode_seconds", report.times.decode_s},
          {"network_seconds", report.times.network_s},
          {"write_seconds", report.times.write_s}};
}

/// `options` name the store that is opened; `home`: the one that the user knows.
ExtractReport extract(const ExtractOptions& options, const std::filesystem::path& home) {
  PassedOver passed_over;
  const std::vector<VideoSource> videos = videos_of(options.videos, known_ids({options.store}), &passed_over);
  const ExtractionPlan plan = plan_extraction(options);  // throws for wrong flags before the store exists
  FeatureStore store(options.store, FeatureStore::Access::ReadWrite);
  if (options.videos.shard.count > 1) store.keep_shard_count(options.videos.shard.count);
  tell(passed_over);
  TimeAccount time;
  ExtractReport report = extract_into_store(store, videos, plan);
  report.store = home;
  lap(time, report);
  tell(report);
  tell(time, faster_ways(plan));
  return report;
}

/// In the scratch folder, with whatever has been done copied home at the end, be it one by an error.
ExtractReport extract_in_scratch(const ExtractOptions& options) {
  (void)plan_extraction(options);
  ScratchStore scratch(options.store, options.scratch);
  ExtractOptions local = options;
  local.store = scratch.path();
  try {
    ExtractReport report = extract(local, options.store);
    scratch.hand_back();
    return report;
  } catch (const Error& error) {
    scratch.hand_back();
    if (error.where() != local.store.string()) throw;
    throw Error(error.fault(), options.store.string(), error.seen(), error.advice());  // as the user knows it
  }
}

int run_extract(const ExtractOptions& options, bool json) {
  if (options.store.empty()) {
    throw Error(Fault::InvalidArgument, "extract", "no feature store is given", "Pass --store FILE.db");
  }
  const ExtractReport report =
      options.scratch.empty() ? extract(options, options.store) : extract_in_scratch(options);
  if (json) fmt::print("{}\n", json_of(report).dump(2));
  return report.all_well() ? kDone : kSomeVideosFailed;
}

}  // namespace

void add_extract_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ExtractOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = add_command(app, "extract");
  add_extract_flags(*command, *options);
  add_shard_flag(*command, options->videos.shard);
  add_scratch_flag(*command, options->scratch);
  add_feature_flags(*command, options->features);
  command->add_option("--seed", options->features.random_seed, "seed of random weights")
      ->capture_default_str()
      ->group("Features (changing one of these extracts anew)");
  add_speed_flags(*command, options->speed);
  command->add_flag("--json", *json, "print counts and times as JSON")->configurable(false);
  command->callback([options, json, &exit_code] { exit_code = run_extract(*options, *json); });
}

}  // namespace tvr

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/options.h"
#include "pipeline/extraction/extract_step.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/time_account.h"

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
          {"seconds", report.seconds},
          {"decode_seconds", report.times.decode_s},
          {"network_seconds", report.times.network_s},
          {"write_seconds", report.times.write_s}};
}

int run_extract(const ExtractOptions& options, bool json) {
  if (options.store.empty()) {
    throw Error(Fault::InvalidArgument, "extract", "no store is named", "Pass --store FILE.db");
  }
  const std::vector<VideoSource> videos = videos_of(options);
  // What is wrong with the flags leaves no store behind.
  static_cast<void>(lanes_of(options.features, options.speed));
  FeatureStore store(options.store, FeatureStore::Access::ReadWrite);
  TimeAccount time;
  const ExtractReport report = extract_into_store(store, videos, options);
  time.lap(report);
  tell(report);
  tell(time, faster_ways(options));
  if (json) fmt::print("{}\n", json_of(report).dump(2));
  return report.all_well() ? kDone : kSomeVideosFailed;
}

}  // namespace

void add_extract_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ExtractOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("extract", "Videos to features in the store");
  add_video_flags(*command, *options);
  command
      ->add_option("--shard", options->shard,
                   "I/N: the part I of N of the videos, by a stable hash of the id")
      ->group("Videos");
  add_feature_flags(*command, options->features);
  command->add_option("--seed", options->features.random_seed, "seed of random weights")
      ->capture_default_str()
      ->group("Features (part of their identity)");
  add_speed_flags(*command, options->speed);
  command->add_flag("--json", *json, "print the account as JSON on stdout")->configurable(false);
  command->callback([options, json, &exit_code] { exit_code = run_extract(*options, *json); });
}

}  // namespace tvr

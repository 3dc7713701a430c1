#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "data/error.h"
#include "data/store/choose_recipes.h"
#include "data/store/known_ids.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/group_work.h"
#include "pipeline/commands/run_options.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/demo/demo.h"
#include "pipeline/extraction/extract_step.h"
#include "pipeline/extraction/faster_ways.h"
#include "pipeline/learning/learn_step.h"
#include "pipeline/report/report_step.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"
#include "pipeline/terminal/time_account.h"

namespace tvr {
namespace {

/// Generates the demo's clips unless they exist.
void make_demo(const RunOptions& options) {
  DemoOptions demo;
  if (options.demo_clips > 0) demo.clips = options.demo_clips;
  demo.seed = options.seed;
  say(fmt::format("demo: {} generated clips in {}", demo.clips, demo_folder(options).string()));
  ProgressLine line("draw", "clips", demo.clips);
  write_demo(demo_folder(options), demo, progress_on(line));
}

std::vector<RecipeRow> recipes_of_run(const FeatureStore& store, const ExtractionPlan& plan) {
  std::vector<std::string> lanes, identities;
  for (const PlannedLane& lane : plan.lanes) {
    lanes.push_back(lane.recipe.lane);
    identities.push_back(lane.recipe.identity());
  }
  return choose_recipes(store, lanes, identities);
}

int run_all(const RunOptions& options, const CLI::App& command, bool json, TimeAccount& time) {
  const std::string config = toml_of(command);
  PassedOver passed_over;
  const std::vector<VideoSource> videos =
      videos_of(options.extract.videos, known_ids({options.extract.store}), &passed_over);
  tell(passed_over);
  const DataSet data = read_data(options.data, videos, options.seed);
  // Before the extraction, which may take days.
  const LearningPlan learning = plan_learning(options.learn, data.train);
  const ExtractionPlan plan =
      plan_extraction(options.extract);  // throws for wrong flags before the folder exists
  RunFolder folder(options.out);
  const Descriptor lock = folder.lock();
  write_text(folder.config(), config);
  FeatureStore store(options.extract.store, FeatureStore::Access::ReadWrite);
  const ExtractReport extraction = extract_into_store(store, videos, plan);
  tell(extraction);
  lap(time, extraction);

  const std::vector<RecipeRow> lanes = recipes_of_run(store, plan);
  Splits splits = load_splits(folder, store, lanes, data, {}, options.learn);
  time.lap("words");
  const Learned learned = learn(folder, std::move(splits), learning, time);
  const RunManifest run =
      record_of(command, {folder, options.extract.store, lanes, options.data, options.learn});
  keep_manifest(folder.path(), run);
  const int exit_code = extraction.all_well() ? kDone : kSomeVideosFailed;
  if (learned.seeds.empty()) {
    tell(time, faster_ways(plan));
    return exit_code;
  }
  const Digest report = report_digest(config, learned.metrics);
  const bool same = !learned.trained && extraction.extracted + extraction.failed == 0 &&
                    std::filesystem::exists(folder.metrics()) &&
                    read_text(folder.metrics()) == learned.metrics &&
                    folder.is_fresh("report", report, folder.report());
  if (same) {
    say("eval: the metrics and the report are up to date");
  } else {
    write_text(folder.metrics(), learned.metrics);
    const std::string title = options.demo ? "The generated demo" : options.out.filename().string();
    write_report(folder, {title, config, run, store, lanes, data, learned});
    folder.mark_done("report", report, folder.report());
  }
  time.lap("report");
  fmt::print("{}", json ? learned.metrics : metrics_table(learned.seeds, learned.linear));
  std::fflush(stdout);  // before the last messages on stderr
  say("the report is " + folder.report().string());
  tell(time, faster_ways(plan));
  return exit_code;
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = add_command(app, "run");
  add_run_flags(*command, *options);
  command->add_flag("--json", *json, "print the metrics as JSON")->configurable(false);
  command->footer(
      "Example: pipeline run --demo\n"
      "         pipeline run --videos clips --captions captions.csv --random-weights --out trial");
  command->callback([options, json, command, &exit_code] {
    TimeAccount time;
    require_one_process("run");
    complete(*command, *options);
    if (options->demo) {
      make_demo(*options);
      time.lap("draw the demo");
    }
    exit_code = run_all(*options, *command, *json, time);
  });
}

}  // namespace tvr

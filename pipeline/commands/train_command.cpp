#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "data/error.h"
#include "data/store/choose_recipes.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/commands/train_options.h"
#include "pipeline/learning/learn_step.h"
#include "pipeline/report/report_step.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/time_account.h"

namespace tvr {
namespace {

int run_train(const StoreRunOptions& options, const CLI::App& command, RunFolder& folder, bool json) {
  const FeatureStore store(options.store);
  const DataSet data = read_data(options.data, sources_of(store), options.learn.train.seed);
  const std::vector<RecipeRow> lanes = choose_recipes(store, options.lanes, options.feature_recipes);
  const std::vector<ModelPlan> plans = plan_learning(options.learn, data.train);
  TimeAccount time;
  Splits splits = load_splits(folder, store, lanes, data, options.learn);
  time.lap("words");
  const Learned learned = learn(folder, std::move(splits), plans, time);
  const RunManifest run = record_of(command, {folder, options.store, lanes, options.data, options.learn});
  keep_manifest(folder.path(), run);
  if (learned.seeds.empty()) return kDone;
  write_text(folder.metrics(), learned.metrics);
  write_report(folder, {folder.path().filename().string(), read_text(folder.config()), run, store, lanes,
                        data, learned});
  time.lap("report");
  fmt::print("{}", json ? learned.metrics : metrics_table(learned.seeds, learned.linear));
  std::fflush(stdout);  // before the last messages on stderr
  say("the report is " + folder.report().string());
  tell(time);
  return kDone;
}

}  // namespace

void add_train_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StoreRunOptions>();
  auto out = std::make_shared<std::filesystem::path>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("train", "Train the joint embedding on a feature store and captions");
  command->add_option("--out", *out, "folder for the results")->required()->transform(absolute_path());
  command
      ->add_option("--seed", options->learn.train.seed,
                   "seed of the initial weights, the order of clips and the choice of captions")
      ->capture_default_str();
  add_store_flags(*command, *options);
  add_learn_flags(*command, options->learn);
  command->get_option("--store")->required();
  command->add_flag("--json", *json, "print the metrics as JSON")->configurable(false);
  command->callback([options, out, json, command, &exit_code] {
    apply_training_preset(*command);
    RunFolder folder(*out);
    const Descriptor lock = folder.lock();
    write_text(folder.config(), toml_of(*command));
    exit_code = run_train(*options, *command, folder, *json);
  });
}

}  // namespace tvr

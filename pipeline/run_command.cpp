#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "data/error.h"
#include "data/tensor_file.h"
#include "pipeline/command.h"
#include "pipeline/console.h"
#include "pipeline/demo.h"
#include "pipeline/extract_step.h"
#include "pipeline/learn_step.h"
#include "pipeline/recipes.h"
#include "pipeline/report_step.h"
#include "pipeline/run_options.h"
#include "pipeline/table.h"
#include "pipeline/time_account.h"

namespace tvr {
namespace {

/// Draws the demo's clips where they are not there yet.
void make_demo(const RunOptions& options) {
  DemoOptions demo;
  if (options.demo_clips > 0) demo.clips = options.demo_clips;
  demo.seed = options.seed;
  say(fmt::format("demo: {} generated clips in {}", demo.clips, demo_folder(options).string()));
  ProgressLine line("draw", "clips", demo.clips);
  write_demo(demo_folder(options), demo, progress_on(line));
}

std::vector<RecipeRow> recipes_of_run(FeatureStore& store, const RunOptions& options) {
  std::vector<std::string> lanes, identities;
  for (const Lane& lane : lanes_of(options.extract.features, options.extract.speed)) {
    lanes.push_back(lane.sampling.name);
    identities.push_back(recipe_of(lane).identity());
  }
  return choose_recipes(store, lanes, identities);
}

int run_all(const RunOptions& options, const std::string& config, bool json, TimeAccount& time) {
  RunFolder folder(options.out);
  write_text(folder.config(), config);
  const std::vector<VideoSource> videos = videos_of(options.extract);
  FeatureStore store(options.extract.store, FeatureStore::Access::ReadWrite);
  const ExtractReport extraction = extract_into_store(store, videos, options.extract);
  tell(extraction);
  time.lap(extraction);

  const DataSet data = read_data(options.data, videos, options.seed);
  const WordTable words = words_for(data, options.learn, folder);
  time.lap("words");
  const std::vector<RecipeRow> lanes = recipes_of_run(store, options);
  const int max_words = options.learn.train.max_words;
  std::vector<std::string> left_out;
  const Pairs train = load_pairs(store, lanes, data.train, words, max_words, left_out);
  const Pairs val = load_pairs(store, lanes, data.val, words, max_words, left_out);
  const Pairs test = load_pairs(store, lanes, data.test, words, max_words, left_out);
  std::vector<std::string> findings;
  if (!left_out.empty()) {
    findings.push_back(fmt::format("{} clips have no features and are left out, {} for one", left_out.size(),
                                   left_out.front()));
    warn(findings.back());
  }
  const bool trained = train_into(folder, train, val, words, options.learn.train);
  time.lap("train");
  const int exit_code = extraction.all_well() ? kDone : kSomeVideosFailed;
  if (test.captions.empty()) {
    say("eval: no test split; the checkpoint is " + folder.checkpoint().string());
    tell(time, options.extract.features);
    return exit_code;
  }

  const JointEmbedding model(read_weights(folder.checkpoint()), max_words);
  const Evaluation evaluation = evaluate(model, test, words, Ties::Average);
  const std::string metrics = metrics_json(evaluation, "test");
  time.lap("eval");
  const bool same = !trained && extraction.extracted + extraction.failed == 0 &&
                    std::filesystem::exists(folder.report()) && std::filesystem::exists(folder.metrics()) &&
                    read_text(folder.metrics()) == metrics;
  if (same) {
    say("eval: the metrics and the report are fresh");
  } else {
    write_text(folder.metrics(), metrics);
    const std::string title = options.demo ? "The generated demo" : options.out.filename().string();
    write_report(folder, {title, config, findings, options.extract.store, store, lanes, data, options.data,
                          options.learn, words, test, evaluation});
  }
  time.lap("report");
  fmt::print("{}", json ? metrics : metrics_table(evaluation));
  std::fflush(stdout);  // before the last words on stderr
  say("the report is " + folder.report().string());
  tell(time, options.extract.features);
  return exit_code;
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("run", "Extract, text, train, eval and report in one go; what is fresh is skipped");
  add_run_flags(*command, *options);
  command->add_flag("--json", *json, "print the metrics as JSON")->configurable(false);
  command->footer(
      "Example: pipeline run --demo\n"
      "         pipeline run --videos clips --captions captions.csv --random-weights --out trial");
  command->callback([options, json, command, &exit_code] {
    TimeAccount time;
    if (options->demo) {
      make_demo(*options);
      time.lap("draw the demo");
    }
    complete(*command, *options);
    exit_code = run_all(*options, toml_of(*command), *json, time);
  });
}

}  // namespace tvr

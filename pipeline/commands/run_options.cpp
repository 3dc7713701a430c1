#include "pipeline/commands/run_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "data/error.h"
#include "pipeline/commands/command.h"
#include "pipeline/demo/demo.h"
#include "pipeline/demo/demo_recipe.h"

namespace tvr {
namespace {

/// Turns off the checks of `flag` unless the user has set it: its file may not exist yet. Returns `flag`.
const char* unchecked(CLI::App& command, const char* flag) {
  CLI::Option* option = command.get_option(flag);
  if (option->count() > 0) return flag;
  try {
    for (int i = 0;; ++i) option->get_validator(i)->active(false);
  } catch (const CLI::OptionNotFound&) {  // past the last one
    return flag;
  }
}

}  // namespace

void add_run_flags(CLI::App& command, RunOptions& options) {
  command.add_flag(
      "--demo", options.demo,
      "use the generated demo data, small networks with random weights, and --training-preset best");
  command
      .add_option("--demo-clips", options.demo_clips,
                  "number of clips that the demo generates; 0: its default")
      ->capture_default_str();
  command.add_option("--out", options.out, "folder for the results (with --demo by default: demo-run)")
      ->transform(absolute_path());
  command.add_option("--seed", options.seed, "seed of everything random")->capture_default_str();
  add_extract_flags(command, options.extract);
  add_feature_flags(command, options.extract.features);
  add_speed_flags(command, options.extract.speed);
  add_data_flags(command, options.data);
  add_learn_flags(command, options.learn);
}

void complete(CLI::App& command, RunOptions& options) {
  const auto unless_given = [&](const char* flag, const auto& value) {
    give_default(command, flag, fmt::format("{}", value));
  };
  if (options.demo) unless_given(kPresetFlag, "best");
  apply_training_preset(command);
  complete_from_checkpoint(command, options.learn);
  if (options.demo) {
    unless_given("--out", "demo-run");
    const DemoFiles files = demo_files(demo_folder(options));
    unless_given(unchecked(command, "--videos"), files.videos.string());
    unless_given(unchecked(command, "--annotations"), files.annotations.string());
    unless_given(unchecked(command, "--train"), files.train.string());
    unless_given(unchecked(command, "--test"), files.test.string());
    const DemoRecipe recipe;
    unless_given("--random-weights", "true");
    unless_given("--model-2d", recipe.model_2d);
    unless_given("--model-3d", recipe.model_3d);
  }
  if (options.out.empty()) {
    throw Error(Fault::InvalidArgument, "run", "no folder for the results", "Pass --out FOLDER");
  }
  unless_given("--store", (options.out / "features.db").string());
  options.extract.features.random_seed = options.learn.train.seed = options.seed;
}

std::filesystem::path demo_folder(const RunOptions& options) { return options.out / "data"; }

}  // namespace tvr

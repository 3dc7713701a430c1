#include "pipeline/commands/train_options.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "pipeline/commands/command.h"
#include "pipeline/commands/run_config.h"
#include "pipeline/commands/run_options.h"

namespace tvr {

void add_store_flags(CLI::App& command, StoreRunOptions& options) {
  command.add_option("--store", options.store, "the feature store")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path());
  command.add_option("--lanes", options.lanes, "lanes to use; none: all of the store")->delimiter(',');
  command.add_option("--feature-recipe", options.feature_recipes,
                     "first digits of a recipe of features (`pipeline store ls`), where a lane has several");
  add_data_flags(command, options.data);
}

void give_defaults_of_run(CLI::App& command, const std::filesystem::path& folder) {
  const RunConfig config = read_run_config(folder);
  for (const auto& [flag, values] : config.flags) {
    CLI::Option* option = command.get_option_no_throw("--" + flag);
    if (option == nullptr || is_settled(*option)) continue;
    for (const std::string& value : values) option->add_result(value);
    option->run_callback();
  }
  if (config.command == "train") return;
  CLI::Option* recipes = command.get_option("--feature-recipe");
  if (recipes->count() > 0) return;
  const RunOptions run = read_run_options(folder);
  for (const PlannedLane& lane : plan_extraction(run.extract).lanes) {
    recipes->add_result(lane.recipe.identity());
  }
  recipes->run_callback();
}

}  // namespace tvr

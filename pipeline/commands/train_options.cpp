#include "pipeline/commands/train_options.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "pipeline/commands/command.h"

namespace tvr {

void add_store_flags(CLI::App& command, StoreRunOptions& options) {
  command
      .add_option("--store", options.store,
                  "the feature store, or several by a pattern in quotes: 'parts/*.db'")
      ->check(existing_store())
      ->transform(absolute_path());
  command.add_option("--lanes", options.lanes, "lanes to use (default: all of the store)")->delimiter(',');
  command.add_option(
      "--feature-recipe", options.feature_recipes,
      "first digits of the recipe to use, if a lane has several (`pipeline store stats` lists them)");
  add_data_flags(command, options.data);
}

}  // namespace tvr

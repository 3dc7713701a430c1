#include "pipeline/commands/store/store_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>
#include <utility>

#include "data/store/feature_store.h"
#include "data/store/store_inspector.h"
#include "data/store/store_set.h"
#include "pipeline/commands/command.h"

namespace tvr {

CLI::App* add_store_subcommand(CLI::App& store, const std::string& name, const std::string& help,
                               const std::string& example, StoreArguments& arguments) {
  CLI::App* command = store.add_subcommand(name, help);
  command->add_option("store", arguments.store, "the feature store")->required();
  command->add_flag("--json", arguments.json, "print JSON");
  command->footer("Example: pipeline store " + example);
  return command;
}

void add_more_stores(CLI::App& command, std::vector<std::filesystem::path>& more) {
  command.add_option("stores", more, "more stores; each may be a pattern in quotes, such as 'parts/*.db'");
}

std::vector<std::filesystem::path> all_stores(const StoreArguments& arguments,
                                              const std::vector<std::filesystem::path>& more) {
  std::vector<std::filesystem::path> all = stores_of(arguments.store);
  for (const std::filesystem::path& named : more)
    for (std::filesystem::path& store : stores_of(named)) all.push_back(std::move(store));
  // A store that is named and matches a pattern, too, counts once.
  std::set<std::filesystem::path> seen;
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](const std::filesystem::path& store) {
                             std::error_code unseen;
                             return !seen.insert(std::filesystem::weakly_canonical(store, unseen)).second;
                           }),
            all.end());
  return all;
}

void add_filter_flags(CLI::App& command, OutcomeFilter& filter) {
  const std::string group = "Filters";
  command.add_option("--lane", filter.lane, "only this lane: 2d, 3d, ...")->group(group);
  command.add_option("--recipe", filter.recipe, "only this recipe: the first digits of its identity")
      ->group(group);
  command.add_option("--status", filter.status, "only this outcome of the last attempt")
      ->check(CLI::IsMember(kStatuses.names()))
      ->group(group);
  command.add_option("--video", filter.video, "only videos whose name matches this glob, e.g. 'floor33/*'")
      ->group(group);
}

void add_store_command(CLI::App& app, int& exit_code) {
  CLI::App* store = add_command(app, "store");
  store->require_subcommand(1);
  store->footer(
      "Example: pipeline store ls features.db --status partial\n"
      "The file is SQLite: sqlite3 features.db 'SELECT * FROM failures'");
  add_store_ls(*store, exit_code);
  add_store_show(*store, exit_code);
  add_store_stats(*store, exit_code);
  add_store_verify(*store, exit_code);
  add_store_export(*store, exit_code);
  add_store_import(*store, exit_code);
  add_store_merge(*store, exit_code);
  add_store_missing(*store, exit_code);
  add_store_gc(*store, exit_code);
  add_store_compact(*store, exit_code);
}

}  // namespace tvr

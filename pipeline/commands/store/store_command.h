#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/commands/exit_code.h"

namespace CLI {
class App;
}

namespace tvr {

struct OutcomeFilter;

/// `pipeline store COMMAND S.db`: inspects and maintains a feature store, without LibTorch.
void add_store_command(CLI::App& app, int& exit_code);

// One per subcommand: adds it to `store`; its callback sets `exit_code`.
void add_store_ls(CLI::App& store, int& exit_code);  // and failures
void add_store_show(CLI::App& store, int& exit_code);
void add_store_stats(CLI::App& store, int& exit_code);
void add_store_verify(CLI::App& store, int& exit_code);
void add_store_export(CLI::App& store, int& exit_code);
void add_store_import(CLI::App& store, int& exit_code);
void add_store_merge(CLI::App& store, int& exit_code);
void add_store_missing(CLI::App& store, int& exit_code);
void add_store_gc(CLI::App& store, int& exit_code);
void add_store_compact(CLI::App& store, int& exit_code);

/// The arguments of every subcommand.
struct StoreArguments {
  std::filesystem::path store;
  bool json = false;
};

/// "more stores" after the first of `arguments`, into `more`.
void add_more_stores(CLI::App& command, std::vector<std::filesystem::path>& more);

/// The first store and `more`, with all that match those that are patterns.
[[nodiscard]] std::vector<std::filesystem::path> all_stores(const StoreArguments& arguments,
                                                            const std::vector<std::filesystem::path>& more);

/// A subcommand with its arguments; `example` comes after "pipeline store " in its help.
CLI::App* add_store_subcommand(CLI::App& store, const std::string& name, const std::string& help,
                               const std::string& example, StoreArguments& arguments);

/// --lane, --recipe, --status, --video.
void add_filter_flags(CLI::App& command, OutcomeFilter& filter);

}  // namespace tvr

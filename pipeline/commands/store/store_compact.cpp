#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/json_text.h"
#include "data/store/feature_store.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

int compact(const StoreArguments& arguments) {
  (void)FeatureStore(arguments.store);  // throws for a mistyped name, which must not create a store
  FeatureStore store(arguments.store, FeatureStore::Access::ReadWrite);
  const std::uintmax_t before = std::filesystem::file_size(arguments.store);
  store.compact();
  const std::uintmax_t after = std::filesystem::file_size(arguments.store);
  if (arguments.json)
    fmt::print("{}\n", json_text({{"bytes_before", before}, {"bytes", after}}));
  else
    fmt::print("{} before, {} now\n", bytes_text(static_cast<double>(before)),
               bytes_text(static_cast<double>(after)));
  return kDone;
}

}  // namespace

void add_store_compact(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<StoreArguments>();
  CLI::App* command = add_store_subcommand(store, "compact",
                                           "Rewrite the file without its free pages and with pages of 64 KB, "
                                           "as new stores have; needs as much disk "
                                           "space again beside it",
                                           "compact features.db", *arguments);
  command->callback([arguments, &exit_code] { exit_code = compact(*arguments); });
}

}  // namespace tvr

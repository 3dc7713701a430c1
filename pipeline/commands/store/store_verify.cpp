#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/json_text.h"
#include "data/store/feature_store.h"
#include "data/store/store_inspector.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

using nlohmann::json;

struct VerifyArguments : StoreArguments {
  OutcomeFilter filter;
  bool repair = false;
};

void repair(const std::filesystem::path& path, const std::vector<DamagedRow>& damaged) {
  FeatureStore store(path, FeatureStore::Access::ReadWrite);
  std::vector<FeatureStore::RowName> rows;
  for (const DamagedRow& row : damaged) rows.push_back({row.video, row.recipe});
  store.forget(rows);
  store.checkpoint();
}

void print_table(const std::vector<DamagedRow>& damaged, const std::vector<std::string>& structure,
                 bool repaired) {
  Table table({{"damaged video"}, {"lane"}, {"what is wrong"}});
  for (const DamagedRow& row : damaged) table.add({video_line(row.video), row.lane, row.what});
  fmt::print("{}", damaged.empty() ? "every feature row is sound and matches its hash\n" : table.text());
  if (repaired)
    fmt::print("{} rows dropped: the next `pipeline extract` extracts them again\n", damaged.size());
  for (const std::string& complaint : structure) fmt::print("structure: {}\n", printable(complaint));
}

int verify(const VerifyArguments& arguments) {
  std::vector<DamagedRow> damaged;
  std::vector<std::string> structure;
  {
    ProgressLine line("verifying", "rows", 0);
    const StoreInspector inspector(arguments.store);
    damaged = inspector.damaged_features(arguments.filter, progress_on(line));
    structure = inspector.damaged_structure();
  }
  const bool repaired = arguments.repair && !damaged.empty();
  if (repaired) {
    repair(arguments.store, damaged);
    structure = StoreInspector(arguments.store).damaged_structure();
  }
  if (arguments.json) {
    json rows = json::array();
    for (const DamagedRow& row : damaged)
      rows.push_back({{"video", video_text(row.video)}, {"lane", row.lane}, {"what", row.what}});
    fmt::print("{}\n", json_text({{"damaged", rows}, {"structure", structure}, {"repaired", repaired}}));
  } else {
    print_table(damaged, structure, repaired);
  }
  return structure.empty() && (damaged.empty() || repaired) ? kDone : kFailed;
}

}  // namespace

void add_store_verify(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* command = add_store_subcommand(
      store, "verify", "Check every feature row (hash, columns, times, values) and the structure of the file",
      "verify features.db --repair", *arguments);
  add_filter_flags(*command, arguments->filter);
  command->add_flag("--repair", arguments->repair, "drop damaged rows, so that they are extracted again");
  command->callback([arguments, &exit_code] { exit_code = verify(*arguments); });
}

}  // namespace tvr

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "data/datasets/video_id.h"
#include "data/json_text.h"
#include "data/store/store_inspector.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/commands/store/store_row.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

using Align = Table::Align;

struct ListArguments : StoreArguments {
  std::vector<std::filesystem::path> more_stores;
  OutcomeFilter filter;
  std::int64_t limit = 0;
};

/// Calls use(row, its store) for the rows of one store after the other.
template <class Use>
void for_each_row(const ListArguments& arguments, const std::vector<std::filesystem::path>& stores,
                  const Use& use) {
  std::int64_t rows = 0;
  for (const std::filesystem::path& store : stores) {
    if (arguments.limit > 0 && rows >= arguments.limit) return;
    StoreInspector(store).for_each(arguments.filter, arguments.limit > 0 ? arguments.limit - rows : 0,
                                   [&](const OutcomeRow& row) {
                                     ++rows;
                                     use(row, store);
                                   });
  }
}

void print_json(const ListArguments& arguments, const std::vector<std::filesystem::path>& stores) {
  const char* before = "[\n";
  for_each_row(arguments, stores, [&](const OutcomeRow& row, const std::filesystem::path& store) {
    nlohmann::json line = json_of(row);
    if (stores.size() > 1) line["store"] = store.string();
    fmt::print("{}{}", before, json_line(line));
    before = ",\n";
  });
  fmt::print("{}]\n", *before == '[' ? "[" : "\n");
}

/// Prints block by block, so that a million lines start at once and take little memory.
void print_table(const ListArguments& arguments, const std::vector<std::filesystem::path>& stores) {
  std::vector<Table::Column> columns = {{"video"},
                                        {"lane"},
                                        {"status"},
                                        {"rows", Align::Right},
                                        {"dim", Align::Right},
                                        {"length", Align::Right},
                                        {"message"}};
  if (stores.size() > 1) columns.insert(columns.begin(), {"store"});
  Table table(columns);
  std::int64_t rows = 0;
  for_each_row(arguments, stores, [&](const OutcomeRow& row, const std::filesystem::path& store) {
    std::vector<std::string> cells = {video_line(row.video),
                                      row.lane,
                                      row.status,
                                      fmt::format("{}", row.feature_rows),
                                      fmt::format("{}", row.dim),
                                      row.duration_s > 0 ? seconds_text(row.duration_s) : "",
                                      row.message};
    if (stores.size() > 1) cells.insert(cells.begin(), store.string());
    table.add(std::move(cells));
    constexpr std::int64_t kBlock = 1000;
    if (++rows % kBlock == 0) fmt::print("{}", table.take());
  });
  fmt::print("{}", table.take());
}

int list(const ListArguments& arguments) {
  const std::vector<std::filesystem::path> stores = all_stores(arguments, arguments.more_stores);
  if (arguments.json)
    print_json(arguments, stores);
  else
    print_table(arguments, stores);
  return kDone;
}

void add(CLI::App& store, int& exit_code, const char* name, const char* help, const char* example,
         bool failed) {
  auto arguments = std::make_shared<ListArguments>();
  arguments->filter.failed = failed;
  CLI::App* command = add_store_subcommand(store, name, help, example, *arguments);
  add_more_stores(*command, arguments->more_stores);
  add_filter_flags(*command, arguments->filter);
  command->add_option("--limit", arguments->limit, "maximum number of lines; 0: all")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max(), "NONNEGATIVE"));
  command->callback([arguments, &exit_code] { exit_code = list(*arguments); });
}

}  // namespace

void add_store_ls(CLI::App& store, int& exit_code) {
  add(store, exit_code, "ls", "List the outcomes, one line per video and lane",
      "ls features.db --lane 3d --video 'floor33/*'", false);
  add(store, exit_code, "failures", "List the videos that are not ok, with libav's messages",
      "failures features.db --status unreadable --json", true);
}

}  // namespace tvr

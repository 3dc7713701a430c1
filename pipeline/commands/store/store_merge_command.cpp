#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/json_text.h"
#include "data/store/feature_store.h"
#include "data/store/store_merge.h"
#include "data/store/store_set.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

using Align = Table::Align;
using nlohmann::json;

struct MergeArguments : StoreArguments {
  std::vector<std::filesystem::path> parts;
  bool skip_damaged = false;
};

int merge(const MergeArguments& arguments) {
  json reports = json::array();
  std::int64_t damaged = 0;
  Table table({{"part"}, {"outcomes", Align::Right}, {"taken", Align::Right}, {"damaged", Align::Right}});
  StoreMerger merger(arguments.store);
  std::vector<std::filesystem::path> parts;
  for (const std::filesystem::path& named : arguments.parts)
    for (std::filesystem::path& part : stores_of(named)) parts.push_back(std::move(part));
  for (const std::filesystem::path& part : parts) {
    ProgressLine line("merging " + part.filename().string(), "outcomes", 0);
    const MergeReport report =
        merger.add(part, progress_on(line), arguments.skip_damaged ? Damaged::LeaveOut : Damaged::Refuse);
    damaged += report.damaged;
    reports.push_back({{"part", part.string()},
                       {"outcomes", report.outcomes},
                       {"taken", report.taken},
                       {"damaged", report.damaged}});
    table.add({part.string(), fmt::format("{}", report.outcomes), fmt::format("{}", report.taken),
               fmt::format("{}", report.damaged)});
  }
  const Digest digest = FeatureStore(arguments.store).content_digest();
  if (arguments.json)
    fmt::print("{}\n", json_text({{"parts", reports}, {"digest", digest}}));
  else
    fmt::print("{}content digest {}\n", table.text(), digest);
  return damaged > 0 ? kSomeVideosFailed : kDone;
}

}  // namespace

void add_store_merge(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<MergeArguments>();
  CLI::App* command = add_store_subcommand(
      store, "merge", "Merge the stores of shards into a store; creates it if it does not exist",
      "merge all.db shard1.db shard2.db", *arguments);
  command
      ->add_option("parts", arguments->parts,
                   "stores to merge, or patterns such as 'parts/*.db'; they are not changed")
      ->required();
  command->add_flag("--skip-damaged", arguments->skip_damaged,
                    "leave out damaged rows instead of stopping at the first");
  command->callback([arguments, &exit_code] { exit_code = merge(*arguments); });
}

}  // namespace tvr

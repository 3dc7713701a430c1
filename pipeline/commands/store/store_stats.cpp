#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <vector>

#include "data/error.h"
#include "data/json_text.h"
#include "data/store/feature_store.h"
#include "data/store/store_inspector.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

using Align = Table::Align;
using nlohmann::json;

struct StatsArguments : StoreArguments {
  std::vector<std::filesystem::path> more_stores;
  OutcomeFilter filter;
  bool digest = false;
};

/// What a store holds in short.
struct StoreTotals {
  std::filesystem::path store;
  std::int64_t outcomes = 0, failed = 0, rows = 0;
  double length_s = 0, work_s = 0;
  std::string last_finished;
  std::uintmax_t bytes = 0;
};

/// The size of the file and, while it is being written, of its write-ahead log.
std::uintmax_t bytes_of(const std::filesystem::path& store) {
  std::error_code none;
  const std::uintmax_t log = std::filesystem::file_size(store.string() + "-wal", none);
  return std::filesystem::file_size(store) + (none ? 0 : log);
}

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

json json_of(const OutcomeSum& sum) {
  return {{"lane", sum.lane},
          {"recipe", sum.recipe},
          {"status", sum.status},
          {"videos", sum.videos},
          {"feature_rows", sum.feature_rows},
          {"feature_bytes", sum.feature_bytes},
          {"video_seconds", sum.duration_s},
          {"work_seconds", sum.seconds},
          {"videos_per_work_second", ratio(static_cast<double>(sum.videos), sum.seconds)},
          {"video_seconds_per_work_second", ratio(sum.duration_s, sum.seconds)},
          {"first_finished", sum.first_finished},
          {"last_finished", sum.last_finished}};
}

json json_of(const RecipeRow& row) {
  return {{"lane", row.recipe.lane}, {"identity", row.recipe.identity()},
          {"text", row.recipe.text}, {"weights", row.recipe.weights},
          {"dim", row.dim},          {"videos", row.videos}};
}

/// Number of failed videos by status; a video counts once per lane.
std::map<std::string, std::int64_t> failures_of(const std::vector<OutcomeSum>& sums) {
  std::map<std::string, std::int64_t> failures;
  for (const OutcomeSum& sum : sums) {
    if (sum.status != kStatuses.name(Status::Ok) && sum.status != kStatuses.name(Status::Imported))
      failures[sum.status] += sum.videos;
  }
  return failures;
}

void print_table(const std::vector<OutcomeSum>& sums) {
  Table table({{"lane"},
               {"recipe"},
               {"status"},
               {"videos", Align::Right},
               {"rows", Align::Right},
               {"size", Align::Right},
               {"length", Align::Right},
               {"work", Align::Right},
               {"videos/s", Align::Right},
               {"x real time", Align::Right}});
  for (const OutcomeSum& sum : sums) {
    const auto rate = [&](double count) {
      return sum.seconds > 0 ? fmt::format("{:.3g}", count / sum.seconds) : "";
    };
    table.add({sum.lane, sum.recipe.substr(0, 12), sum.status, fmt::format("{}", sum.videos),
               fmt::format("{}", sum.feature_rows), bytes_text(static_cast<double>(sum.feature_bytes)),
               seconds_text(sum.duration_s), seconds_text(sum.seconds), rate(static_cast<double>(sum.videos)),
               rate(sum.duration_s)});
  }
  fmt::print("{}\n", table.text());
}

StoreTotals totals_of(const std::filesystem::path& store, const std::vector<OutcomeSum>& sums) {
  StoreTotals totals{store, 0, 0, 0, 0, 0, {}, bytes_of(store)};
  for (const OutcomeSum& sum : sums) {
    totals.outcomes += sum.videos;
    totals.rows += sum.feature_rows;
    totals.length_s += sum.duration_s;
    totals.work_s += sum.seconds;
    totals.last_finished = std::max(totals.last_finished, sum.last_finished);
  }
  for (const auto& [status, videos] : failures_of(sums)) totals.failed += videos;
  return totals;
}

json json_of(const StoreTotals& totals) {
  return {{"store", totals.store.string()},
          {"outcomes", totals.outcomes},
          {"failed", totals.failed},
          {"feature_rows", totals.rows},
          {"video_seconds", totals.length_s},
          {"work_seconds", totals.work_s},
          {"bytes", totals.bytes},
          {"last_finished", totals.last_finished}};
}

void print_table(const std::vector<StoreTotals>& stores) {
  Table table({{"store"},
               {"outcomes", Align::Right},
               {"not ok", Align::Right},
               {"rows", Align::Right},
               {"size", Align::Right},
               {"length", Align::Right},
               {"work", Align::Right},
               {"last outcome"}});
  for (const StoreTotals& store : stores) {
    table.add({store.store.string(), fmt::format("{}", store.outcomes), fmt::format("{}", store.failed),
               fmt::format("{}", store.rows), bytes_text(static_cast<double>(store.bytes)),
               seconds_text(store.length_s), seconds_text(store.work_s), store.last_finished});
  }
  fmt::print("{}\n", table.text());
}

/// Of all stores together; nullopt, with a warning, where they cannot be read as one.
std::optional<Digest> digest_of(const std::vector<std::filesystem::path>& stores) {
  try {
    return FeatureStore(stores).content_digest();
  } catch (const Error& error) {
    if (error.fault() != Fault::Mismatch) throw;
    warn(error.what());
    return std::nullopt;
  }
}

void print_recipe(const RecipeRow& row) {
  fmt::print("recipe {}: lane {}, {}, weights {}\n", row.recipe.identity().substr(0, 12),
             printable(row.recipe.lane), printable(row.recipe.text), printable(row.recipe.weights));
}

int stats(const StatsArguments& arguments) {
  const std::vector<std::filesystem::path> stores = all_stores(arguments, arguments.more_stores);
  std::vector<StoreTotals> totals;
  std::map<std::string, RecipeRow> recipes;  // by identity
  std::map<std::tuple<std::string, std::string, std::string>, OutcomeSum> all;
  for (const std::filesystem::path& store : stores) {
    const std::vector<OutcomeSum> sums = StoreInspector(store).sums(arguments.filter);
    totals.push_back(totals_of(store, sums));
    for (const OutcomeSum& sum : sums) {
      const auto [total, is_new] = all.try_emplace({sum.lane, sum.recipe, sum.status}, sum);
      if (!is_new) total->second.add(sum);
    }
    for (const RecipeRow& row : FeatureStore(store).recipes()) {
      const auto [known, is_new] = recipes.try_emplace(row.recipe.identity(), row);
      if (!is_new) known->second.videos += row.videos;
    }
  }
  std::vector<OutcomeSum> sums;
  for (const auto& [key, sum] : all) sums.push_back(sum);
  const auto failures = failures_of(sums);
  std::uintmax_t bytes = 0;
  for (const StoreTotals& store : totals) bytes += store.bytes;
  const std::optional<Digest> digest =
      stores.size() == 1 || arguments.digest ? digest_of(stores) : std::nullopt;
  if (arguments.json) {
    json lanes = json::array(), recipe_list = json::array(), store_list = json::array();
    for (const OutcomeSum& sum : sums) lanes.push_back(json_of(sum));
    for (const auto& [identity, row] : recipes) recipe_list.push_back(json_of(row));
    for (const StoreTotals& store : totals) store_list.push_back(json_of(store));
    fmt::print("{}\n", json_text({{"digest", digest ? json(*digest) : json()},
                                  {"bytes", bytes},
                                  {"lanes", lanes},
                                  {"failures", failures},
                                  {"recipes", recipe_list},
                                  {"stores", store_list}}));
    return kDone;
  }
  if (stores.size() > 1) print_table(totals);
  print_table(sums);
  for (const auto& [identity, row] : recipes) print_recipe(row);
  for (const auto& [status, videos] : failures) fmt::print("failures: {} {}\n", videos, printable(status));
  fmt::print("size {}", bytes_text(static_cast<double>(bytes)));
  fmt::print("{}\n", digest ? ", content digest " + *digest : "");
  return kDone;
}

}  // namespace

void add_store_stats(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<StatsArguments>();
  CLI::App* command = add_store_subcommand(
      store, "stats",
      "Show counts, sizes, time spent, rates, failures by status, recipes and the content digest",
      "stats features.db --json\n         pipeline store stats 'parts/*.db'", *arguments);
  add_more_stores(*command, arguments->more_stores);
  add_filter_flags(*command, arguments->filter);
  command->add_flag("--digest", arguments->digest,
                    "of several stores, too, compute the content digest: that of the merged store");
  command->callback([arguments, &exit_code] { exit_code = stats(*arguments); });
}

}  // namespace tvr

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
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

using Align = Table::Align;
using nlohmann::json;

struct StatsArguments : StoreArguments {
  OutcomeFilter filter;
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

void print_recipes(const std::vector<RecipeRow>& recipes) {
  for (const RecipeRow& row : recipes) {
    fmt::print("recipe {}: lane {}, {}, weights {}\n", row.recipe.identity().substr(0, 12),
               printable(row.recipe.lane), printable(row.recipe.text), printable(row.recipe.weights));
  }
}

int stats(const StatsArguments& arguments) {
  const FeatureStore store(arguments.store);
  const std::vector<OutcomeSum> sums = StoreInspector(arguments.store).sums(arguments.filter);
  const std::vector<RecipeRow> recipes = store.recipes();
  const auto failures = failures_of(sums);
  const Digest digest = store.content_digest();
  if (arguments.json) {
    json lanes = json::array(), recipe_list = json::array();
    for (const OutcomeSum& sum : sums) lanes.push_back(json_of(sum));
    for (const RecipeRow& row : recipes) recipe_list.push_back(json_of(row));
    fmt::print("{}\n", json_text({{"digest", digest},
                                  {"bytes", bytes_of(arguments.store)},
                                  {"lanes", lanes},
                                  {"failures", failures},
                                  {"recipes", recipe_list}}));
    return kDone;
  }
  print_table(sums);
  print_recipes(recipes);
  for (const auto& [status, videos] : failures) fmt::print("failures: {} {}\n", videos, printable(status));
  fmt::print("size {}, content digest {}\n", bytes_text(static_cast<double>(bytes_of(arguments.store))),
             digest);
  return kDone;
}

}  // namespace

void add_store_stats(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<StatsArguments>();
  CLI::App* command = add_store_subcommand(
      store, "stats",
      "Show counts, sizes, time spent, rates, failures by status, recipes and the content digest",
      "stats features.db --json", *arguments);
  add_filter_flags(*command, arguments->filter);
  command->callback([arguments, &exit_code] { exit_code = stats(*arguments); });
}

}  // namespace tvr

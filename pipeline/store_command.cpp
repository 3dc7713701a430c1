#include "pipeline/store_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "data/feature_store.h"
#include "data/store_inspector.h"
#include "data/store_merge.h"
#include "pipeline/console.h"
#include "pipeline/table.h"

namespace tvr {
namespace {

using Align = Table::Align;
using nlohmann::json;

struct StoreArguments {
  std::filesystem::path store;
  OutcomeFilter filter;
  std::int64_t limit = 0;
  bool json = false;
  bool repair = false;                       // verify
  std::vector<std::filesystem::path> parts;  // merge
};

/// Paths and messages may hold bytes that are not UTF-8; they are shown as U+FFFD.
std::string text_of(const nlohmann::json& value) {
  return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

json json_of(const OutcomeRow& row) {
  return {{"video", row.video},
          {"lane", row.lane},
          {"recipe", row.recipe},
          {"status", row.status},
          {"message", row.message},
          {"path", row.path},
          {"finished_at", row.finished_at},
          {"feature_rows", row.feature_rows},
          {"dim", row.dim},
          {"decoded_frames", row.decoded_frames},
          {"expected_frames", row.expected_frames},
          {"duration_s", row.duration_s},
          {"seconds", row.seconds},
          {"first_frame_only", row.first_frame_only}};
}

int print_rows(const std::vector<OutcomeRow>& rows, bool as_json) {
  if (as_json) {
    json list = json::array();
    for (const OutcomeRow& row : rows) list.push_back(json_of(row));
    fmt::print("{}\n", text_of(list));
    return kDone;
  }
  Table table({{"video"},
               {"lane"},
               {"status"},
               {"rows", Align::Right},
               {"dim", Align::Right},
               {"length", Align::Right},
               {"message"}});
  for (const OutcomeRow& row : rows) {
    table.add({row.video, row.lane, row.status, fmt::format("{}", row.feature_rows),
               fmt::format("{}", row.dim), seconds_text(row.duration_s), row.message});
  }
  fmt::print("{}", table.text());
  return kDone;
}

int list(const StoreArguments& arguments) {
  return print_rows(StoreInspector(arguments.store).outcomes(arguments.filter, arguments.limit),
                    arguments.json);
}

int failures(const StoreArguments& arguments) {
  std::vector<OutcomeRow> rows = StoreInspector(arguments.store).outcomes(arguments.filter, 0);
  rows.erase(
      std::remove_if(rows.begin(), rows.end(), [](const OutcomeRow& row) { return row.status == "ok"; }),
      rows.end());
  return print_rows(rows, arguments.json);
}

int show(const StoreArguments& arguments) {
  const auto rows = StoreInspector(arguments.store).outcomes(arguments.filter, 0);
  if (rows.empty()) {
    throw Error(Fault::NotFound, arguments.store.string(), "no video '" + arguments.filter.video + "'",
                "`pipeline store ls` lists them");
  }
  if (arguments.json) return print_rows(rows, true);
  for (const OutcomeRow& row : rows) {
    fmt::print("{}, lane {}\n", row.video, row.lane);
    const json all = json_of(row);
    for (const auto& [key, value] : all.items()) {
      if (key != "video" && key != "lane")
        fmt::print("  {:<17} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return kDone;
}

int stats(const StoreArguments& arguments) {
  const FeatureStore store(arguments.store);
  struct Sum {
    std::int64_t videos = 0, rows = 0;
    double length_s = 0, work_s = 0;
  };
  std::map<std::pair<std::string, std::string>, Sum> sums;
  for (const OutcomeRow& row : StoreInspector(arguments.store).outcomes(arguments.filter)) {
    Sum& sum = sums[{row.lane, row.status}];
    ++sum.videos;
    sum.rows += row.feature_rows;
    sum.length_s += row.duration_s;
    sum.work_s += row.seconds;
  }
  const auto bytes = static_cast<double>(std::filesystem::file_size(arguments.store));
  const Digest digest = store.content_digest();
  json recipes = json::array();
  for (const RecipeRow& row : store.recipes()) {
    recipes.push_back({{"lane", row.recipe.lane},
                       {"identity", row.recipe.identity()},
                       {"text", row.recipe.text},
                       {"weights", row.recipe.weights},
                       {"dim", row.dim},
                       {"videos", row.videos}});
  }
  if (arguments.json) {
    json lanes = json::array();
    for (const auto& [key, sum] : sums) {
      lanes.push_back({{"lane", key.first},
                       {"status", key.second},
                       {"videos", sum.videos},
                       {"feature_rows", sum.rows},
                       {"video_seconds", sum.length_s},
                       {"work_seconds", sum.work_s}});
    }
    fmt::print("{}\n",
               text_of({{"digest", digest}, {"bytes", bytes}, {"lanes", lanes}, {"recipes", recipes}}));
    return kDone;
  }
  Table table({{"lane"},
               {"status"},
               {"videos", Align::Right},
               {"rows", Align::Right},
               {"length", Align::Right},
               {"work", Align::Right}});
  for (const auto& [key, sum] : sums) {
    table.add({key.first, key.second, fmt::format("{}", sum.videos), fmt::format("{}", sum.rows),
               seconds_text(sum.length_s), seconds_text(sum.work_s)});
  }
  fmt::print("{}\n", table.text());
  for (const json& recipe : recipes) {
    fmt::print("recipe {}: lane {}, {}, weights {}\n", recipe["identity"].get<std::string>().substr(0, 12),
               recipe["lane"].get<std::string>(), recipe["text"].get<std::string>(),
               recipe["weights"].get<std::string>());
  }
  fmt::print("size {}, content digest {}\n", bytes_text(bytes), digest);
  return kDone;
}

int verify(const StoreArguments& arguments) {
  const std::vector<DamagedRow> damaged = StoreInspector(arguments.store).damaged_features();
  if (arguments.repair && !damaged.empty()) {
    FeatureStore store(arguments.store, FeatureStore::Access::ReadWrite);
    for (const DamagedRow& row : damaged) store.forget(row.video, row.recipe);
    store.checkpoint();
  }
  if (arguments.json) {
    json rows = json::array();
    for (const DamagedRow& row : damaged) rows.push_back({{"video", row.video}, {"lane", row.lane}});
    fmt::print("{}\n", text_of({{"damaged", rows}, {"repaired", arguments.repair}}));
  } else {
    Table table({{"damaged video"}, {"lane"}});
    for (const DamagedRow& row : damaged) table.add({row.video, row.lane});
    fmt::print("{}", damaged.empty() ? "every feature row has its hash\n" : table.text());
    if (arguments.repair && !damaged.empty())
      fmt::print("{} rows dropped: the next `pipeline extract` makes them anew\n", damaged.size());
  }
  return damaged.empty() || arguments.repair ? kDone : kFailed;
}

int merge(const StoreArguments& arguments) {
  json reports = json::array();
  Table table({{"part"}, {"outcomes", Align::Right}, {"taken", Align::Right}});
  for (const std::filesystem::path& part : arguments.parts) {
    const MergeReport report =
        merge_store(arguments.store, part, [](const ProgressEvent&) { return !stop_requested(); });
    reports.push_back({{"part", part.string()}, {"outcomes", report.outcomes}, {"taken", report.taken}});
    table.add({part.string(), fmt::format("{}", report.outcomes), fmt::format("{}", report.taken)});
  }
  const Digest digest = FeatureStore(arguments.store).content_digest();
  if (arguments.json)
    fmt::print("{}\n", text_of({{"parts", reports}, {"digest", digest}}));
  else
    fmt::print("{}content digest {}\n", table.text(), digest);
  return kDone;
}

void add(CLI::App& store, const char* name, const char* help, int (*run)(const StoreArguments&),
         int& exit_code, const std::function<void(CLI::App&, StoreArguments&)>& more = {}) {
  auto arguments = std::make_shared<StoreArguments>();
  CLI::App* command = store.add_subcommand(name, help);
  command->add_option("store", arguments->store, "the store")->required();
  command->add_flag("--json", arguments->json, "for programs");
  if (more) more(*command, *arguments);
  command->callback([arguments, run, &exit_code] { exit_code = run(*arguments); });
}

void add_filter(CLI::App& command, StoreArguments& arguments) {
  command.add_option("--lane", arguments.filter.lane, "2d, 3d, ...");
  command.add_option("--recipe", arguments.filter.recipe, "first digits of a recipe's identity");
  command.add_option("--status", arguments.filter.status,
                     "ok, partial, no_video, unreadable, limit, timeout");
  command.add_option("--video", arguments.filter.video, "glob over video ids: 'floor33/*'");
}

}  // namespace

void add_store_command(CLI::App& app, int& exit_code) {
  CLI::App* store = app.add_subcommand("store", "Look at a feature store");
  store->require_subcommand(1);
  store->footer(
      "Example: pipeline store ls features.db --status partial\n"
      "The file is SQLite: sqlite3 features.db 'SELECT * FROM failures'");
  add(*store, "ls", "A line for each video and lane", list, exit_code,
      [](CLI::App& command, StoreArguments& arguments) {
        add_filter(command, arguments);
        command.add_option("--limit", arguments.limit, "at most so many lines; 0: all")
            ->check(CLI::NonNegativeNumber);
      });
  add(*store, "show", "All that is known of a video", show, exit_code,
      [](CLI::App& command, StoreArguments& arguments) {
        command.add_option("video", arguments.filter.video, "its id")->required();
      });
  add(*store, "stats", "Counts, sizes, time spent, recipes, content digest", stats, exit_code, add_filter);
  add(*store, "failures", "What is not ok, with libav's words", failures, exit_code, add_filter);
  add(*store, "verify", "Check the hash of every feature row", verify, exit_code,
      [](CLI::App& command, StoreArguments& arguments) {
        command.add_flag("--repair", arguments.repair, "drop damaged rows, so that they are extracted again");
      });
  add(*store, "merge", "Add the stores of shards to a store, which is made when missing", merge, exit_code,
      [](CLI::App& command, StoreArguments& arguments) {
        command.add_option("parts", arguments.parts, "stores to add; they are not changed")->required();
        command.footer("Example: pipeline store merge all.db shard1.db shard2.db");
      });
}

}  // namespace tvr

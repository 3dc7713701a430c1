#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "data/datasets/video_selection.h"
#include "data/error.h"
#include "data/json_text.h"
#include "data/store/feature_store.h"
#include "data/store/known_ids.h"
#include "data/store/store_inspector.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/commands/video_flags.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

using Align = Table::Align;
using nlohmann::json;

struct GcArguments : StoreArguments {
  VideoSelection videos;
  std::vector<std::string> keep;
  bool drop = false, compact = false;
};

struct Unwanted {
  std::string video, lane, recipe, why;
  std::int64_t recipe_row = 0, bytes = 0;
};

/// Which rows of a store the user wants to keep.
class Wants {
 public:
  explicit Wants(const GcArguments& arguments) : keep_(arguments.keep) {
    if (!arguments.videos.is_named()) return;
    by_list_ = true;
    for (const VideoSource& video : videos_of(arguments.videos, known_ids({arguments.store})))
      ids_.insert(video.id);
  }

  /// The reason to drop a row; empty: it is kept.
  [[nodiscard]] std::string why_not(const OutcomeRow& row) const {
    if (!keep_.empty() && !is_kept(row.recipe)) return "its recipe is not kept";
    if (row.status == kStatuses.name(Status::Imported)) return {};  // it has no video file
    if (by_list_) return ids_.count(row.video) == 0 ? "its video is not among those given" : "";
    std::error_code unseen;
    return std::filesystem::exists(row.path, unseen) || unseen ? "" : "its file is gone: " + row.path;
  }

  /// Throws Error(InvalidArgument) when a recipe to keep is not in the store.
  void check(const std::vector<RecipeRow>& recipes) const {
    for (const std::string& beginning : keep_) {
      const bool known = std::any_of(recipes.begin(), recipes.end(), [&](const RecipeRow& row) {
        return row.recipe.identity().compare(0, beginning.size(), beginning) == 0;
      });
      if (!known)
        throw Error(Fault::InvalidArgument, "--keep",
                    "no recipe of the store begins with '" + beginning + "'",
                    "`pipeline store stats` lists them");
    }
  }

 private:
  [[nodiscard]] bool is_kept(const std::string& recipe) const {
    return std::any_of(keep_.begin(), keep_.end(), [&](const std::string& beginning) {
      return recipe.compare(0, beginning.size(), beginning) == 0;
    });
  }

  std::vector<std::string> keep_;
  bool by_list_ = false;
  std::set<std::string> ids_;
};

struct Finding {
  std::vector<Unwanted> rows;
  std::int64_t seen = 0, bytes = 0;
};

Finding find_unwanted(const std::filesystem::path& store, const Wants& wants) {
  Finding finding;
  StoreInspector(store).for_each({}, 0, [&](const OutcomeRow& row) {
    ++finding.seen;
    std::string why = wants.why_not(row);
    if (why.empty()) return;
    const std::int64_t bytes = row.feature_rows * (16 + 2 * row.dim);
    finding.bytes += bytes;
    finding.rows.push_back({row.video, row.lane, row.recipe, std::move(why), row.recipe_row, bytes});
  });
  return finding;
}

void show(const Finding& finding) {
  Table table({{"video"}, {"lane"}, {"recipe"}, {"size", Align::Right}, {"why"}});
  constexpr std::size_t kShown = 100;
  for (std::size_t i = 0; i < finding.rows.size() && i < kShown; ++i) {
    const Unwanted& row = finding.rows[i];
    table.add({video_line(row.video), row.lane, row.recipe.substr(0, 12),
               bytes_text(static_cast<double>(row.bytes)), row.why});
  }
  if (!finding.rows.empty()) fmt::print("{}", table.text());
  if (finding.rows.size() > kShown)
    fmt::print("... and {} more (--json lists all)\n", finding.rows.size() - kShown);
  fmt::print("{} of {} rows are not needed, {} of features\n", finding.rows.size(), finding.seen,
             bytes_text(static_cast<double>(finding.bytes)));
}

void drop(FeatureStore& store, const GcArguments& arguments, const Finding& finding) {
  if (finding.seen > 0 && finding.rows.size() == static_cast<std::size_t>(finding.seen)) {
    throw Error(Fault::InvalidArgument, arguments.store.string(), "this would drop all its rows",
                "Are the videos mounted? To get rid of the store, delete the file");
  }
  std::vector<FeatureStore::RowName> names;
  for (const Unwanted& row : finding.rows) names.push_back({row.video, row.recipe_row});
  store.forget(names);
  store.drop_unused();
  if (arguments.compact) store.compact();
  store.checkpoint();
}

json json_of(const Finding& finding, bool dropped) {
  json rows = json::array();
  for (const Unwanted& row : finding.rows) {
    rows.push_back({{"video", video_text(row.video)},
                    {"lane", row.lane},
                    {"recipe", row.recipe},
                    {"bytes", row.bytes},
                    {"why", row.why}});
  }
  return {{"unwanted", rows}, {"bytes", finding.bytes}, {"dropped", dropped}};
}

int collect(const GcArguments& arguments) {
  std::unique_ptr<FeatureStore> store;  // locked from the search to the drop
  if (arguments.drop) {
    (void)FeatureStore(arguments.store);  // throws for a mistyped name, which must not create a store
    store = std::make_unique<FeatureStore>(arguments.store, FeatureStore::Access::ReadWrite);
  }
  const Wants wants(arguments);
  wants.check(FeatureStore(arguments.store).recipes());
  const Finding finding = find_unwanted(arguments.store, wants);
  if (!arguments.json) show(finding);
  if (store) drop(*store, arguments, finding);
  if (arguments.json)
    fmt::print("{}\n", json_text(json_of(finding, arguments.drop)));
  else
    fmt::print("{}\n",
               arguments.drop ? "they were dropped" : "nothing was dropped; pass --drop to drop them");
  return kDone;
}

}  // namespace

void add_store_gc(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<GcArguments>();
  CLI::App* command = add_store_subcommand(
      store, "gc", "Show rows whose video is gone or whose recipe is not to be kept; --drop drops them",
      "gc features.db --keep 3fa41c --drop", *arguments);
  add_video_flags(*command, arguments->videos);
  command->get_option("--videos")
      ->description("folder of the videos to keep; without it and --list: keep those whose file exists");
  command->get_option("--list")->description("CSV of the videos to keep: path[,video_id]");
  command->add_option("--keep", arguments->keep, "first digits of the recipes to keep (default: all)");
  auto* drop = command->add_flag("--drop", arguments->drop, "drop the rows that are shown");
  command
      ->add_flag("--compact", arguments->compact,
                 "shrink the file too: rewrites it, which needs as much disk space again")
      ->needs(drop);
  command->callback([arguments, &exit_code] { exit_code = collect(*arguments); });
}

}  // namespace tvr

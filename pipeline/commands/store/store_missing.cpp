#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "data/datasets/video_selection.h"
#include "data/error.h"
#include "data/json_text.h"
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

struct MissingArguments : StoreArguments {
  std::vector<std::filesystem::path> more_stores;
  VideoSelection videos;
  OutcomeFilter filter;
  std::uint64_t shards = 1;
  bool retry_failed = false, slurm = false;
};

/// What the stores have between them.
struct Presence {
  std::map<std::string, std::string> recipes;                         // of each lane
  std::unordered_map<std::string, std::set<std::string>> lanes_done;  // of each video
};

Presence look(const MissingArguments& arguments) {
  Presence presence;
  for (const std::filesystem::path& store : all_stores(arguments, arguments.more_stores)) {
    const StoreInspector inspector(store);
    inspector.for_each(arguments.filter, 0, [&](const OutcomeRow& row) {
      const auto [seen, is_new] = presence.recipes.emplace(row.lane, row.recipe);
      if (!is_new && seen->second != row.recipe) {
        throw Error(Fault::Mismatch, store.string(),
                    fmt::format("lane {} has outcomes of two recipes: {} and {}", row.lane,
                                seen->second.substr(0, 12), row.recipe.substr(0, 12)),
                    "Choose one with --recipe and its first digits");
      }
      if (row.feature_rows > 0 || (!arguments.retry_failed && !row.content.empty()))
        presence.lanes_done[row.video].insert(row.lane);
    });
  }
  return presence;
}

struct ShardLack {
  std::int64_t videos = 0;
  std::vector<std::string> missing;
};

std::map<std::uint64_t, ShardLack> lacks_of(const MissingArguments& arguments, const Presence& presence) {
  std::map<std::uint64_t, ShardLack> lacks;
  for (std::uint64_t shard = 1; shard <= arguments.shards; ++shard) lacks[shard] = {};
  for (const VideoSource& video :
       videos_of(arguments.videos, known_ids(all_stores(arguments, arguments.more_stores)))) {
    ShardLack& lack = lacks[shard_number(video.id, arguments.shards)];
    ++lack.videos;
    const auto done = presence.lanes_done.find(video.id);
    const std::size_t lanes = done == presence.lanes_done.end() ? 0 : done->second.size();
    if (lanes == 0 || lanes < presence.recipes.size()) lack.missing.push_back(video.id);
  }
  return lacks;
}

void print_json(const std::map<std::uint64_t, ShardLack>& lacks, const std::string& array) {
  json shards = json::array();
  for (const auto& [shard, lack] : lacks) {
    json missing = json::array();
    for (const std::string& video : lack.missing) missing.push_back(video_text(video));
    shards.push_back({{"shard", shard}, {"videos", lack.videos}, {"missing", missing}});
  }
  fmt::print("{}\n", json_text({{"shards", shards}, {"slurm_array", array}}));
}

void print_table(const std::map<std::uint64_t, ShardLack>& lacks) {
  Table table({{"shard"}, {"videos", Align::Right}, {"missing", Align::Right}, {"example"}});
  for (const auto& [shard, lack] : lacks) {
    table.add({fmt::format("{}/{}", shard, lacks.size()), fmt::format("{}", lack.videos),
               fmt::format("{}", lack.missing.size()),
               lack.missing.empty() ? "" : video_line(lack.missing.front())});
  }
  fmt::print("{}", table.text());
}

int missing(const MissingArguments& arguments) {
  const auto lacks = lacks_of(arguments, look(arguments));
  std::vector<std::uint64_t> lacking;
  for (const auto& [shard, lack] : lacks) {
    if (!lack.missing.empty()) lacking.push_back(shard);
  }
  const std::string array = array_expression(lacking);
  if (arguments.json) {
    print_json(lacks, array);
  } else if (arguments.slurm) {
    fmt::print("{}\n", array);
  } else if (arguments.shards > 1) {
    print_table(lacks);
  } else {
    for (const std::string& video : lacks.at(1).missing) fmt::print("{}\n", video_line(video));
  }
  return lacking.empty() ? kDone : kSomeVideosFailed;
}

}  // namespace

void add_store_missing(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<MissingArguments>();
  CLI::App* command = add_store_subcommand(
      store, "missing", "List the ids of videos that the stores still lack; exit code 2 if there are any",
      "missing shard*.db --list videos.csv --shards 16 --slurm\n"
      "         sbatch --array=$(pipeline store missing shard*.db --list videos.csv --shards 16 --slurm) "
      "job.sh",
      *arguments);
  add_more_stores(*command, arguments->more_stores);
  add_video_flags(*command, arguments->videos);
  auto* shards = command
                     ->add_option("--shards", arguments->shards,
                                  "number of shards: prints one line per shard, numbered as in --shard I/N")
                     ->check(CLI::Range(1, 1'000'000));
  add_shard_flag(*command, arguments->videos.shard)->excludes(shards);
  command->add_flag("--slurm", arguments->slurm, "print only the shards that lack videos, as 1-3,7")
      ->needs(shards);
  command->add_flag("--retry-failed", arguments->retry_failed,
                    "count failed videos as missing, which `extract --retry-failed` retries");
  command->add_option("--lane", arguments->filter.lane, "only this lane (default: every lane of the stores)");
  command->add_option("--recipe", arguments->filter.recipe,
                      "first digits of the recipe, if a lane has several");
  command->callback([arguments, &exit_code] { exit_code = missing(*arguments); });
}

}  // namespace tvr

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <ctime>
#include <iomanip>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
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
  bool retry_failed = false, untried = false, slurm = false;
};

/// The lanes of a video that are done, and when the last of them was finished (UTC).
struct VideoDone {
  std::set<std::string> lanes;
  std::string finished_at;
};

/// What the stores have between them.
struct Presence {
  std::map<std::string, std::string> recipes;  // of each lane
  std::unordered_map<std::string, VideoDone> videos;
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
      // Without content the file could not be read, which may be different the next time.
      const bool is_tried_again = arguments.retry_failed || (row.content.empty() && !arguments.untried);
      if (row.feature_rows == 0 && is_tried_again) return;
      VideoDone& video = presence.videos[row.video];
      video.lanes.insert(row.lane);
      video.finished_at = std::max(video.finished_at, row.finished_at);
    });
  }
  return presence;
}

/// Seconds since 1970 of "2026-01-31T12:00:00Z"; nullopt: another text.
std::optional<double> seconds_of(const std::string& utc) {
  std::tm time{};
  std::istringstream text(utc);
  text >> std::get_time(&time, "%Y-%m-%dT%H:%M:%S");
  return text.fail() ? std::nullopt : std::optional<double>(static_cast<double>(::timegm(&time)));
}

struct ShardLack {
  std::int64_t videos = 0;
  std::vector<std::string> missing;
  std::string first_finished, last_finished;

  /// At the pace from the first video done to the last one; nullopt: too few are done to know one.
  [[nodiscard]] std::optional<double> seconds_left() const {
    const auto done = videos - static_cast<std::int64_t>(missing.size());
    const std::optional<double> first = seconds_of(first_finished), last = seconds_of(last_finished);
    if (missing.empty() || done < 2 || !first || !last || *last <= *first) return std::nullopt;
    return (*last - *first) / static_cast<double>(done - 1) * static_cast<double>(missing.size());
  }
};

std::map<std::uint64_t, ShardLack> lacks_of(const MissingArguments& arguments, const Presence& presence) {
  std::map<std::uint64_t, ShardLack> lacks;
  for (std::uint64_t shard = 1; shard <= arguments.shards; ++shard) lacks[shard] = {};
  for (const VideoSource& video :
       videos_of(arguments.videos, known_ids(all_stores(arguments, arguments.more_stores)))) {
    ShardLack& lack = lacks[shard_number(video.id, arguments.shards)];
    ++lack.videos;
    const auto done = presence.videos.find(video.id);
    if (done == presence.videos.end() || done->second.lanes.size() < presence.recipes.size()) {
      lack.missing.push_back(video.id);
      continue;
    }
    const std::string& finished = done->second.finished_at;
    if (lack.first_finished.empty()) lack.first_finished = finished;
    lack.first_finished = std::min(lack.first_finished, finished);
    lack.last_finished = std::max(lack.last_finished, finished);
  }
  return lacks;
}

void print_json(const std::map<std::uint64_t, ShardLack>& lacks, const std::string& array) {
  json shards = json::array();
  for (const auto& [shard, lack] : lacks) {
    json missing = json::array();
    for (const std::string& video : lack.missing) missing.push_back(video_text(video));
    const std::optional<double> left = lack.seconds_left();
    shards.push_back({{"shard", shard},
                      {"videos", lack.videos},
                      {"missing", missing},
                      {"seconds_left", left ? json(*left) : json()}});
  }
  fmt::print("{}\n", json_text({{"shards", shards}, {"slurm_array", array}}));
}

void print_table(const std::map<std::uint64_t, ShardLack>& lacks) {
  Table table({{"shard"},
               {"videos", Align::Right},
               {"missing", Align::Right},
               {"done", Align::Right},
               {"time left", Align::Right},
               {"example"}});
  const auto percent_done = [](std::int64_t videos, std::size_t missing) {
    const auto all = static_cast<double>(std::max<std::int64_t>(1, videos));
    return fmt::format("{:.1f} %", std::floor(1000 * (1 - static_cast<double>(missing) / all)) / 10);
  };
  std::int64_t videos = 0;
  std::size_t missing = 0;
  double longest_s = 0;
  for (const auto& [shard, lack] : lacks) {
    const std::optional<double> left = lack.seconds_left();
    table.add({fmt::format("{}/{}", shard, lacks.size()), fmt::format("{}", lack.videos),
               fmt::format("{}", lack.missing.size()), percent_done(lack.videos, lack.missing.size()),
               left ? seconds_text(*left) : "",
               lack.missing.empty() ? "" : video_line(lack.missing.front())});
    videos += lack.videos;
    missing += lack.missing.size();
    longest_s = std::max(longest_s, left.value_or(0));
  }
  fmt::print("{}\n{} of {} videos done ({})", table.text(), videos - static_cast<std::int64_t>(missing),
             videos, percent_done(videos, missing));
  if (longest_s > 0)
    fmt::print("; at the pace so far, pauses included, the slowest shard needs {} more",
               seconds_text(longest_s));
  fmt::print("\n");
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
  auto* retry_failed =
      command->add_flag("--retry-failed", arguments->retry_failed,
                        "count failed videos as missing, which `extract --retry-failed` retries");
  command
      ->add_flag("--untried", arguments->untried,
                 "do not count videos whose files could not be read, which every extraction tries again")
      ->excludes(retry_failed);
  command->add_option("--lane", arguments->filter.lane, "only this lane (default: every lane of the stores)");
  command->add_option("--recipe", arguments->filter.recipe,
                      "first digits of the recipe, if a lane has several");
  command->callback([arguments, &exit_code] { exit_code = missing(*arguments); });
}

}  // namespace tvr

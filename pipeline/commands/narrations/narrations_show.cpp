#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/json_text.h"
#include "data/narrations/narration_file.h"
#include "data/store/choose_recipes.h"
#include "data/store/feature_store.h"
#include "data/store/row_range.h"
#include "pipeline/commands/narrations/narrations_command.h"
#include "pipeline/terminal/table.h"
#include "text/tokenizer.h"

namespace tvr {
namespace {

using Align = Table::Align;
using nlohmann::json;

struct ShowArguments : NarrationsArguments {
  std::string video;
  std::optional<std::int64_t> line;
  double min_time = 5;
  std::int64_t min_words = 0;
  std::filesystem::path store;
};

/// The rows of a lane that belong to a clip.
struct LaneRows {
  std::string lane;
  RowRange rows;
  std::optional<std::int64_t> of;  // rows that the video has; unknown without a store
};

/// A clip with all that training takes from it.
struct ShownClip {
  NarratedClip clip;
  std::vector<std::string> words;
  std::vector<LaneRows> lanes;
};

std::int64_t place_of(const NarrationFile& file, const ShowArguments& arguments) {
  for (const std::string& id : {arguments.video, escape_video_id(arguments.video)}) {
    if (const auto place = file.find(id)) return *place;
  }
  throw Error(Fault::NotFound, arguments.file.string(), "no narration of a video '" + arguments.video + "'");
}

Micros micros_of(double seconds) {
  constexpr double kMicrosPerSecond = 1e6, kMostSeconds = 1e12;
  return Micros(seconds > 0 ? std::llround(std::min(seconds, kMostSeconds) * kMicrosPerSecond) : 0);
}

/// By the rates of the reference's features, of a video without end.
std::vector<LaneRows> usual_rows(const NarratedClip& clip) {
  constexpr std::int64_t kEndless = std::numeric_limits<std::int64_t>::max();
  constexpr double kRate2d = 1, kRate3d = 1.5;
  return {{"2d", rows_by_number(clip.start, clip.end, kRate2d, kEndless), {}},
          {"3d", rows_by_number(clip.start, clip.end, kRate3d, kEndless), {}}};
}

std::vector<LaneRows> rows_in_store(const NarratedClip& clip, const std::string& video,
                                    const std::filesystem::path& path) {
  const FeatureStore store(path);
  std::vector<LaneRows> lanes;
  for (const RecipeRow& recipe : choose_recipes(store, {}, {})) {
    const auto features = store.read(video, recipe.id);
    if (!features) continue;
    const TimeSpan span{micros_of(clip.start), micros_of(clip.end)};
    const bool timed = features->times.back().end > Micros(0);
    lanes.push_back({recipe.recipe.lane, timed ? rows_by_number(span, features->times) : RowRange{},
                     static_cast<std::int64_t>(features->times.size())});
  }
  if (lanes.empty()) throw Error(Fault::NotFound, path.string(), "no features of the video '" + video + "'");
  return lanes;
}

ShownClip clip_of(const NarrationFile& file, std::int64_t place, const Narration& narration,
                  const ShowArguments& arguments) {
  std::vector<std::vector<std::string>> words;
  std::vector<int> counts;
  for (const std::string& text : narration.text) {
    words.push_back(tokenize(text));
    counts.push_back(static_cast<int>(words.back().size()));
  }
  ShownClip shown;
  shown.clip = grow(narration, counts, *arguments.line, arguments.min_time, arguments.min_words);
  for (const int line : shown.clip.lines) {
    const auto& more = words[static_cast<std::size_t>(line)];
    shown.words.insert(shown.words.end(), more.begin(), more.end());
  }
  shown.lanes = arguments.store.empty() ? usual_rows(shown.clip)
                                        : rows_in_store(shown.clip, file.video_id(place), arguments.store);
  return shown;
}

json json_of(const Narration& narration, const std::vector<int>& lines) {
  json list = json::array();
  for (const int line : lines) {
    const auto i = static_cast<std::size_t>(line);
    list.push_back({{"line", line},
                    {"start", narration.start[i]},
                    {"end", narration.end[i]},
                    {"text", narration.text[i]}});
  }
  return list;
}

json json_of(const std::vector<LaneRows>& lanes) {
  json all = json::object();
  for (const LaneRows& lane : lanes) {
    json rows = {{"first", lane.rows.first}, {"past", lane.rows.past}};
    if (lane.of) rows["of"] = *lane.of;
    all[lane.lane] = rows;
  }
  return all;
}

void print_lines(const Narration& narration, const std::vector<int>& lines) {
  Table table({{"line", Align::Right}, {"start", Align::Right}, {"end", Align::Right}, {"text"}});
  for (const int line : lines) {
    const auto i = static_cast<std::size_t>(line);
    table.add({std::to_string(line), fmt::format("{}", narration.start[i]),
               fmt::format("{}", narration.end[i]), narration.text[i]});
  }
  fmt::print("{}", table.text());
}

void print_clip(const ShownClip& shown) {
  fmt::print("\nclip   {} to {} s\n", shown.clip.start, shown.clip.end);
  fmt::print("words  {}: {}\n", shown.words.size(),
             printable(fmt::format("{}", fmt::join(shown.words, " "))));
  for (const LaneRows& lane : shown.lanes) {
    const std::string of = lane.of ? fmt::format(" of {}", *lane.of) : "";
    if (lane.rows.empty())
      fmt::print("lane   {}: no row{}, zeros in training\n", printable(lane.lane), of);
    else
      fmt::print("lane   {}: rows {} to {}{}\n", printable(lane.lane), lane.rows.first, lane.rows.past - 1,
                 of);
  }
}

int show(const ShowArguments& arguments) {
  const NarrationFile file(arguments.file);
  const std::int64_t place = place_of(file, arguments);
  const Narration narration = file.read(place);
  std::optional<ShownClip> shown;
  if (arguments.line) shown = clip_of(file, place, narration, arguments);
  std::vector<int> lines;
  if (shown)
    lines = shown->clip.lines;
  else
    for (std::int64_t line = 0; line < narration.size(); ++line) lines.push_back(static_cast<int>(line));

  if (!arguments.json) {
    print_lines(narration, lines);
    if (shown) print_clip(*shown);
    return kDone;
  }
  json all = {{"video", video_text(file.video_id(place))}, {"lines", json_of(narration, lines)}};
  if (shown) {
    all["start"] = shown->clip.start;
    all["end"] = shown->clip.end;
    all["words"] = shown->words;
    all["rows"] = json_of(shown->lanes);
  }
  fmt::print("{}\n", json_text(all));
  return kDone;
}

}  // namespace

void add_narrations_show(CLI::App& narrations, int& exit_code) {
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App* command = add_narrations_subcommand(
      narrations, "show", "Show the lines of a video, or one of them grown to a clip as training does",
      "show narrations.db --video xHr8X2Wpmno --line 7 --min-time 5", *arguments);
  command
      ->add_option("--video", arguments->video,
                   "name of the video; of one that begins with '-': --video=-NAME")
      ->required();
  auto* line = command->add_option("--line", arguments->line, "grow this line, counted from 0")
                   ->check(CLI::NonNegativeNumber);
  command
      ->add_option(
          "--min-time", arguments->min_time,
          "seconds that the clip lasts at least; 0: neighbours with fewer words first; negative: later "
          "lines first")
      ->needs(line)
      ->capture_default_str();
  command->add_option("--min-words", arguments->min_words, "words that the clip has at least")
      ->needs(line)
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option(
          "--store", arguments->store,
          "a feature store with the video, for its rows; without it: rows by the rates of HowTo100M's "
          "features, 1 a second in 2d and 1.5 in 3d")
      ->needs(line);
  command->callback([arguments, &exit_code] { exit_code = show(*arguments); });
}

}  // namespace tvr

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "data/json_text.h"
#include "data/narrations/narration_file.h"
#include "pipeline/commands/narrations/narrations_command.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"
#include "text/tokenizer.h"

namespace tvr {
namespace {

using nlohmann::json;

struct Sums {
  std::int64_t lines = 0, words = 0;
  std::int64_t empty_videos = 0, empty_lines = 0;
  double seconds = 0;  // from each video's first line to its last one's end
};

void add(const Narration& narration, Sums& sums) {
  sums.lines += narration.size();
  if (narration.size() == 0) {
    ++sums.empty_videos;
    return;
  }
  const double length =
      *std::max_element(narration.end.begin(), narration.end.end()) - narration.start.front();
  if (length > 0) sums.seconds += length;
  for (const std::string& text : narration.text) {
    sums.words += static_cast<std::int64_t>(tokenize(text).size());
    sums.empty_lines += text.empty() ? 1 : 0;
  }
}

Sums sums_of(const NarrationFile& file) {
  constexpr std::int64_t kVideosPerReport = 256;
  ProgressLine line("reading", "videos", file.video_count());
  Sums sums;
  for (std::int64_t video = 0; video < file.video_count(); ++video) {
    add(file.read(video), sums);
    if (video % kVideosPerReport != 0) continue;
    line.update(video);
    if (stop_requested()) throw Error(Fault::Interrupted, "narrations", "reading was interrupted");
  }
  return sums;
}

double ratio(std::int64_t a, std::int64_t b) {
  return b > 0 ? static_cast<double>(a) / static_cast<double>(b) : 0;
}

int stats(const NarrationsArguments& arguments) {
  const NarrationFile file(arguments.file);
  const Sums sums = sums_of(file);
  const double lines_per_video = ratio(sums.lines, file.video_count()),
               words_per_line = ratio(sums.words, sums.lines);
  if (arguments.json) {
    fmt::print("{}\n", json_text({{"videos", file.video_count()},
                                  {"videos_without_lines", sums.empty_videos},
                                  {"lines", sums.lines},
                                  {"lines_without_text", sums.empty_lines},
                                  {"lines_per_video", lines_per_video},
                                  {"words", sums.words},
                                  {"words_per_line", words_per_line},
                                  {"narrated_seconds", sums.seconds},
                                  {"bytes", file.bytes()},
                                  {"digest", file.digest()},
                                  {"origin", file.origin()}}));
    return kDone;
  }
  constexpr double kSecondsPerHour = 3600;
  fmt::print("videos             {}, {} of them without lines\n", file.video_count(), sums.empty_videos);
  fmt::print("lines              {}, {} of them without text, {:.1f} per video\n", sums.lines,
             sums.empty_lines, lines_per_video);
  fmt::print("words              {}, {:.1f} per line\n", sums.words, words_per_line);
  fmt::print("narrated           {:.1f} hours, from each video's first line to its last\n",
             sums.seconds / kSecondsPerHour);
  fmt::print("size               {}, content digest {}\n", bytes_text(static_cast<double>(file.bytes())),
             file.digest());
  fmt::print("imported from      {}\n", printable(file.origin()));
  return kDone;
}

}  // namespace

void add_narrations_stats(CLI::App& narrations, int& exit_code) {
  auto arguments = std::make_shared<NarrationsArguments>();
  CLI::App* command = add_narrations_subcommand(narrations, "stats",
                                                "Count videos, lines, words and hours, reading all of them",
                                                "stats narrations.db --json", *arguments);
  command->callback([arguments, &exit_code] { exit_code = stats(*arguments); });
}

}  // namespace tvr

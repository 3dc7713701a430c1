#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/datasets/video_id.h"
#include "data/json_text.h"
#include "data/narrations/narration_file.h"
#include "pipeline/commands/narrations/narrations_command.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

using nlohmann::json;

int verify(const NarrationsArguments& arguments) {
  const NarrationFile file(arguments.file);
  std::vector<NarrationFile::Damage> damaged;
  {
    ProgressLine line("verifying", "videos", file.video_count());
    damaged = file.verify(progress_on(line));
  }
  if (arguments.json) {
    json videos = json::array();
    for (const NarrationFile::Damage& damage : damaged)
      videos.push_back({{"video", video_text(damage.video_id)}, {"what", damage.what}});
    fmt::print("{}\n",
               json_text({{"damaged", videos}, {"videos", file.video_count()}, {"digest", file.digest()}}));
  } else if (damaged.empty()) {
    fmt::print("all {} videos match their hashes; content digest {}\n", file.video_count(), file.digest());
  } else {
    Table table({{"damaged video"}, {"what is wrong"}});
    for (const NarrationFile::Damage& damage : damaged) table.add({video_line(damage.video_id), damage.what});
    fmt::print("{}", table.text());
  }
  return damaged.empty() ? kDone : kFailed;
}

}  // namespace

void add_narrations_verify(CLI::App& narrations, int& exit_code) {
  auto arguments = std::make_shared<NarrationsArguments>();
  CLI::App* command = add_narrations_subcommand(
      narrations, "verify", "Read every video and compare it with its hash, and all with the digest",
      "verify narrations.db", *arguments);
  command->callback([arguments, &exit_code] { exit_code = verify(*arguments); });
}

}  // namespace tvr

#include "pipeline/commands/video_flags.h"

#include <CLI/CLI.hpp>
#include <string>

#include "pipeline/commands/command.h"

namespace tvr {

void add_video_flags(CLI::App& command, VideoSelection& videos) {
  auto* folder = command.add_option("--videos", videos.folder, "folder of videos, searched recursively")
                     ->check(CLI::ExistingDirectory)
                     ->transform(absolute_path())
                     ->group("Videos");
  command.add_option("--list", videos.list, "CSV that lists the videos instead: path[,video_id]")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->excludes(folder)
      ->group("Videos");
}

CLI::Option* add_shard_flag(CLI::App& command, Shard& shard) {
  return command
      .add_option_function<std::string>(
          "--shard", [&shard](const std::string& text) { shard = shard_named(text); },
          "I/N: only shard I of N; a stable hash of its id decides the shard of a video. slurm: the one of "
          "this task in a Slurm array, or of this process of mpirun, srun or torchrun")
      ->group("Videos");
}

}  // namespace tvr

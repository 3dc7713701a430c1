#pragma once

#include "data/datasets/video_selection.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tvr {

/// --videos and --list, which exclude each other.
void add_video_flags(CLI::App& command, VideoSelection& videos);

/// --shard I/N.
CLI::Option* add_shard_flag(CLI::App& command, Shard& shard);

}  // namespace tvr

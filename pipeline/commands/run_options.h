#pragma once

#include <cstdint>
#include <filesystem>

#include "pipeline/commands/learn_options.h"
#include "pipeline/commands/options.h"

namespace tvr {

/// `pipeline run`: everything.
struct RunOptions {
  bool demo = false;
  int demo_clips = 0;  // 0: the demo's own number
  std::uint64_t seed = 1;
  std::filesystem::path out;
  ExtractOptions extract;
  DataOptions data;
  LearnOptions learn;
};

void add_run_flags(CLI::App& command, RunOptions& options);

/// Fills in what follows from the flags: the seed everywhere, the store's place, and with --demo its files,
/// and small networks where the user has said nothing. Throws Error(InvalidArgument) when --out is missing.
void complete(CLI::App& command, RunOptions& options);

/// Where the demo's clips and captions of this run lie.
[[nodiscard]] std::filesystem::path demo_folder(const RunOptions& options);

}  // namespace tvr

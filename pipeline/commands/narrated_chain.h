#pragma once

#include <filesystem>

#include "pipeline/demo/narrated_demo.h"

namespace tvr {

struct NarratedChainOptions {
  std::filesystem::path out = "demo-narrated";
  NarratedDemoOptions demo;
  int seeds = 3;  // trainings of each kind
  bool json = false;
};

/// `pipeline demo --narrated`: generates the narrated demo into out/data, then runs this program with the
/// commands that its user would type, which are shown: pre-training on the narrations and on dealt ones,
/// retrieval and localization without having seen a caption, training on the few captions from scratch and
/// from the pre-trained weights. Prints one table. Each command skips what an earlier call has done. Throws
/// what write_narrated_demo() throws, Error(Interrupted), Error(Unreadable) when a command fails.
void run_narrated_chain(const NarratedChainOptions& options);

}  // namespace tvr

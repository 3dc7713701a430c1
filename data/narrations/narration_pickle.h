#pragma once

#include <filesystem>
#include <memory>

#include "data/narrations/narration_source.h"
#include "data/progress.h"

namespace tvr {

/// caption.pickle of HowTo100M, a dict from video to {"start", "end", "text"} as lists or numpy arrays, of
/// numbers or of objects, and raw_caption.pkl of fairseq's MMPT, a dict from video to the JSON of one. It is
/// looked through once before it is read (PickleDict): `progress` receives bytes.
[[nodiscard]] std::unique_ptr<NarrationSource> open_narration_pickle(const std::filesystem::path& path,
                                                                     const Progress& progress = {});

}  // namespace tvr

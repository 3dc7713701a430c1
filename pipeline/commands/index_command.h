#pragma once

#include <filesystem>

#include "data/datasets/video_selection.h"
#include "data/precision.h"
#include "pipeline/extraction/extract_options.h"
#include "pipeline/extraction/extract_step.h"

namespace tvr {

/// Videos to make searchable by a pretrained pair of encoders.
struct IndexOptions {
  std::filesystem::path encoder;  // folder
  VideoSelection videos;
  std::filesystem::path store;  // empty: the folder of the videos names it: clips/ gives clips.db
  int fps = 1;                  // frames embedded per second of video
  Precision precision = Precision::Fp32;
  bool retry_failed = false;
  SpeedOptions speed;
};

/// The store of `options`. Throws Error(InvalidArgument) when nothing names it.
[[nodiscard]] std::filesystem::path store_of(const IndexOptions& options);

/// Embeds the frames of the videos that are new or changed into the store, and remembers where the encoder
/// is. Throws what plan_extraction() throws.
ExtractReport update_index(const IndexOptions& options);

}  // namespace tvr

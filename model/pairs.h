#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// One split in memory, as the joint embedding is trained and evaluated on it.
struct PairData {
  Matrix clips;  // [N, Dv]: max over time and L2 per lane, lanes side by side
  std::vector<std::vector<std::int32_t>> captions;  // word ids (rows of a WordTable's vectors); may be empty
  std::vector<std::int32_t> clip_of;                // caption i describes clips.row(clip_of[i])
  std::vector<std::int32_t> video_of;  // the video a clip was cut from; empty: every clip is its own video
};

}  // namespace tvr

#pragma once

#include <vector>

#include "extract/clip.h"
#include "extract/lane.h"

namespace tvr {

/// Writes clips of equal size as network input: planes of float32 [clips, 3, frames, height, width] (frames
/// is 1 for single pictures), each value (rgb * scale - mean) / std. A clip with fewer than `frames` pictures
/// is filled up with zeros before that, as the reference does: its padding is -mean / std, not black.
void preprocess(const std::vector<const Clip*>& clips, int frames, const Normalization& normalization,
                float* out);

}  // namespace tvr

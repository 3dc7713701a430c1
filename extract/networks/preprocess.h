#pragma once

#include <vector>

#include "extract/clip.h"
#include "extract/lane.h"

namespace tvr {

/// Throws Error(InvalidArgument) for no clips, for clips of different sizes, and for one of more than
/// `frames` pictures.
void require_one_size(const std::vector<const Clip*>& clips, int frames);

/// Writes clips of equal size as network input: planes of float32 [clips, 3, frames, height, width] (frames
/// is 1 for single pictures), each value (rgb * scale - mean) / std. A clip with fewer than `frames` pictures
/// is filled up with zeros before that, as the reference does: its padding is -mean / std, not black.
void preprocess(const std::vector<const Clip*>& clips, int frames, const Normalization& normalization,
                float* out);

}  // namespace tvr

#pragma once

#include <vector>

#include "extract/clip.h"
#include "extract/lane.h"

namespace tvr {

/// Throws Error(InvalidArgument) for an empty batch, for clips of different sizes, and for a clip with more
/// than `frames` frames.
void require_one_size(const std::vector<const Clip*>& clips, int frames);

/// Writes clips of equal size as network input: float32 planes [clips, 3, frames, height, width] (frames is 1
/// for 2D networks), each value (rgb * scale - mean) / std. A clip with fewer than `frames` frames is padded
/// with zeros before that, as in the reference: the padding is -mean / std after normalisation.
void preprocess(const std::vector<const Clip*>& clips, int frames, const Normalization& normalization,
                float* out);

}  // namespace tvr

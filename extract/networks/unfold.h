#pragma once

#include <cstdint>
#include <vector>

#include "extract/networks/network.h"

namespace tvr {

// For bf16 by oneDNN, where networks/bf16 does not take the first convolution: it reads the planes directly,
// but computes whole panels of channels alone, and 48 as in the demo's 3D network are none. A first
// convolution reads three channels, which leaves the vectors of a bf16 kernel nearly empty. Unfolding turns
// the columns of its kernel into channels: column x of channel c becomes channel 3 * x + c, padded with zeros
// to a multiple of 8. The result is the same.

/// The convolution on the unfolded input: its kernel is one column wide.
[[nodiscard]] NetworkStep unfolded(const NetworkStep& first);

/// weights [out, 3, (t,) h, w] as [out, channels, (t,) h, 1], of unfolded(first).
[[nodiscard]] std::vector<float> unfold_weights(const std::vector<float>& weights, const NetworkStep& first);

/// planes [clips, 3, frames, height, width] as bf16 [clips, frames, height, columns of the result, channels].
void unfold_columns(const float* planes, int clips, int frames, int height, int width,
                    const NetworkStep& first, std::uint16_t* out);

}  // namespace tvr

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/time.h"

namespace tvr {

/// Sampled, scaled and cropped frames of one lane: rgb24 [frames, height, width, 3]. Move-only, to rule out
/// accidental copies. The last clip of a video may hold fewer frames than the lane's clip_frames; the
/// backbone pads it.
struct Clip {
  std::size_t lane = 0;    // index into the lanes the stream was opened with
  std::int64_t index = 0;  // row number within the lane: 0, 1, 2, ...
  int frames = 0;
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> rgb;
  TimeSpan span;  // frames at sample_fps: [first / fps, (last + 1) / fps)
  /// Or each frame in GPU memory, dense rgb24 [height, width, 3]; `rgb` is then empty.
  std::vector<std::shared_ptr<const std::uint8_t>> gpu_pictures{};

  [[nodiscard]] bool on_gpu() const noexcept { return !gpu_pictures.empty(); }
};

}  // namespace tvr

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/time.h"

namespace tvr {

/// Sampled, scaled, cropped pictures of one lane: rgb24 [frames, height, width, 3], move-only by habit.
/// A video's last clip may hold fewer frames than the lane's clip_frames; the backbone pads.
struct Clip {
  std::size_t lane = 0;    // index into the lanes the stream was opened with
  std::int64_t index = 0;  // row number within the lane: 0, 1, 2, ...
  int frames = 0;
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> rgb;
  TimeSpan span;  // frames at sample_fps: [first / fps, (last + 1) / fps)
  /// Or each picture where it lies on a GPU, dense rgb24 [height, width, 3]; then `rgb` is empty.
  std::vector<std::shared_ptr<const std::uint8_t>> gpu_pictures{};

  [[nodiscard]] bool on_gpu() const noexcept { return !gpu_pictures.empty(); }
};

}  // namespace tvr

#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "data/time.h"

namespace tvr {

/// rgb24 [frames, height, width, 3].
using HostFrames = std::vector<std::uint8_t>;
/// Each frame in GPU memory, dense rgb24 [height, width, 3].
using GpuFrames = std::vector<std::shared_ptr<const std::uint8_t>>;

/// Sampled, scaled and cropped frames of one lane. The last clip of a video may hold fewer frames than the
/// lane's clip_frames; the backbone pads it.
struct Clip {
  std::size_t lane = 0;    // index into the lanes the stream was opened with
  std::int64_t index = 0;  // row number within the lane: 0, 1, 2, ...
  int frames = 0;
  int height = 0;
  int width = 0;
  std::variant<HostFrames, GpuFrames> pixels;
  TimeSpan span;  // frames at sample_fps: [first / fps, (last + 1) / fps)

  /// The frames of a clip in host memory; throws std::bad_variant_access for one on a GPU.
  [[nodiscard]] HostFrames& rgb() { return std::get<HostFrames>(pixels); }
  [[nodiscard]] const HostFrames& rgb() const { return std::get<HostFrames>(pixels); }
};

}  // namespace tvr

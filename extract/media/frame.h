#pragma once

#include <cstdint>
#include <utility>

#include "extract/media/av_handle.h"

namespace tvr {

/// A decoded frame. Its time is in units of the stream's time base, from the start of the video (the
/// container's start time is already subtracted); AV_NOPTS_VALUE if neither file nor decoder gave one.
struct Frame {
  FrameHandle picture;
  std::int64_t pts = AV_NOPTS_VALUE;
};

}  // namespace tvr

#pragma once

#include <cstdint>
#include <utility>

#include "extract/media/av_handle.h"

namespace tvr {

/// One decoded picture. Its time is in units of the stream's time base, from the start of the video (the
/// container's start time is already taken off); AV_NOPTS_VALUE where neither file nor decoder could say.
struct Frame {
  FrameHandle picture;
  std::int64_t pts = AV_NOPTS_VALUE;
};

}  // namespace tvr

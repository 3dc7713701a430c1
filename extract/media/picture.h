#pragma once

#include <cstdint>
#include <vector>

namespace tvr {

/// Height and width in pixels.
struct PictureSize {
  int height = 0;
  int width = 0;
};

/// A picture in host memory: dense rgb24 [height, width, 3].
struct Picture {
  PictureSize size;
  std::vector<std::uint8_t> rgb;
};

}  // namespace tvr

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "extract/lane.h"
#include "extract/media/picture.h"

namespace tvr {

/// Limits for one picture file, so that none can exhaust the machine.
struct PictureLimits {
  std::int64_t max_bytes = 64LL << 20;
  std::int64_t max_pixels = 8192LL * 8192;
  int max_scans = 100;  // of a JPEG; cameras and programs write at most 20
};

/// Reads a JPEG, PNG or WebP file as 8-bit RGB, as Pillow's Image.open(FILE).convert("RGB") does; a JPEG is
/// turned upright as its EXIF data say, as by PIL.ImageOps.exif_transpose. Transparency is dropped. Throws
/// Error(NotFound | Unreadable | Unsupported | Corrupt), Error(Limit) with "limit of ...". libjpeg and libpng
/// may say a line on stderr about a damaged file.
[[nodiscard]] Picture read_picture(const std::filesystem::path& path, const PictureLimits& limits = {});

/// The same for a file's bytes; `name` is what errors call it.
[[nodiscard]] Picture decode_picture(std::string_view bytes, const std::string& name,
                                     const PictureLimits& limits = {});

/// The picture as a frame of this size would be given to the lane's network. Throws Error(InvalidArgument) if
/// the lane's preset is not one of Pillow, Error(Limit) if the scaled picture is larger than a frame may be.
[[nodiscard]] Picture scaled_picture(const Picture& picture, const LaneOptions& lane);

}  // namespace tvr

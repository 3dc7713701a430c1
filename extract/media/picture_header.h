#pragma once

#include <string>
#include <string_view>

#include "extract/media/picture.h"

namespace tvr {

/// What a picture file says of itself, read without decoding it.
struct PictureHeader {
  PictureSize size;       // as coded, before a rotation by EXIF
  int scans = 0;          // JPEG: passes over the whole picture; each takes a decoder's time
  std::string essential;  // PNG: the file without the chunks that do not change its pixels
};

/// Recognises JPEG, PNG and WebP (RFC 9649; ISO 10918-1, annex B; PNG third edition, section 5) by their
/// bytes. Throws Error(Unsupported) for anything else, an animation or a JPEG of more than 8 bits,
/// Error(Corrupt) if the file ends too early or its parts do not fit.
[[nodiscard]] PictureHeader picture_header(std::string_view bytes, const std::string& name);

}  // namespace tvr

#include <cstdint>
#include <string_view>

#include "data/error.h"
#include "extract/media/picture_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tvr::PictureLimits limits;
  limits.max_pixels = 512 * 512;
  try {
    static_cast<void>(tvr::decode_picture({reinterpret_cast<const char*>(data), size}, "a picture", limits));
  } catch (const tvr::Error&) {
  }
  return 0;
}

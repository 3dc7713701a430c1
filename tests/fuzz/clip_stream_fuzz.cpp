// Any bytes as a video. Start it with small real ones: clip_stream_fuzz -max_len=50000 -timeout=20 FOLDER
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "data/error.h"
#include "extract/media/clip_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  tvr::DecodeLimits limits;
  limits.max_pixels = 512 * 512;
  limits.max_scaled_pixels = 512 * 512;
  limits.max_frames = 5000;
  limits.max_seconds = 5;
  try {
    const tvr::LaneOptions pictures =
        tvr::picture_lane("clip", tvr::Resize::ShortSide, 64, tvr::Preset::PillowBicubic, 64);
    tvr::ClipStream stream("/proc/self/fd/" + std::to_string(file),
                           {tvr::lane_2d(), tvr::lane_3d(), pictures}, limits);
    while (const auto clip = stream.next()) {
      if (clip->rgb().size() != static_cast<std::size_t>(clip->frames) *
                                    static_cast<std::size_t>(clip->height) *
                                    static_cast<std::size_t>(clip->width) * 3) {
        std::abort();
      }
    }
  } catch (const tvr::Error&) {
  }
  close(file);
  return 0;
}

#include <cstdint>
#include <cstdlib>

#include "data/datasets/video.h"
#include "data/error.h"
#include "data/narrations/narration_source.h"
#include "tests/support/memory_file.h"

/// The carriers that are one file: JSON, a pickle, a zip of CSVs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tvr::testing::MemoryFile file;
  const std::filesystem::path path = file.hold(data, size);
  try {
    const auto source = tvr::open_narrations(path);
    for (tvr::NarratedVideo video; source->next(video);) {
      tvr::validate_video_id(video.id, "fuzz");
      const auto lines = static_cast<std::size_t>(video.narration.size());
      if (video.narration.start.size() != lines || video.narration.end.size() != lines) std::abort();
      if (source->done() > source->total()) std::abort();
    }
  } catch (const tvr::Error&) {
  }
  return 0;
}

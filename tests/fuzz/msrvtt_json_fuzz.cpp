#include <cstdint>
#include <cstdlib>

#include "data/datasets/msrvtt_json.h"
#include "data/datasets/video.h"
#include "data/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto read = tvr::parse_msrvtt_json("fuzz.json", {reinterpret_cast<const char*>(data), size});
    for (const auto& video : read.videos) tvr::validate_video_id(video.id, "fuzz");
    for (const auto& sentence : read.sentences)
      if (sentence.caption.empty()) std::abort();
  } catch (const tvr::Error&) {
  }
  return 0;
}

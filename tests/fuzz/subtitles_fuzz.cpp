#include <cstdint>
#include <cstdlib>

#include "data/error.h"
#include "data/subtitles/subtitles.h"
#include "data/text_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto cues = tvr::parse_subtitles("fuzz.vtt", {reinterpret_cast<const char*>(data), size});
    if (cues.start.size() != cues.text.size() || cues.end.size() != cues.text.size()) std::abort();
    for (std::size_t i = 0; i < cues.text.size(); ++i) {
      if (!(cues.start[i] >= 0 && cues.start[i] <= cues.end[i])) std::abort();
      if (tvr::find_invalid_utf8(cues.text[i]) != std::string_view::npos) std::abort();
    }
  } catch (const tvr::Error&) {
  }
  return 0;
}

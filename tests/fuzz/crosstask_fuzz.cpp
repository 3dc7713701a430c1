#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "data/datasets/crosstask.h"
#include "data/error.h"

namespace {

template <class Parse>
void attempt(const Parse& parse) {
  try {
    parse();
  } catch (const tvr::Error&) {
  }
}

}  // namespace

/// The same text as each of the three kinds of files.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kSteps = 8;
  attempt([&] {
    for (const tvr::CrossTaskTask& task : tvr::parse_crosstask_tasks("fuzz.txt", text))
      if (task.id.empty() || task.steps.empty()) std::abort();
  });
  attempt([&] {
    for (const tvr::CrossTaskVideo& video : tvr::parse_crosstask_videos("fuzz.csv", text))
      if (tvr::file_stem(video).find('/') != std::string::npos) std::abort();
  });
  attempt([&] {
    for (const tvr::StepSegment& segment : tvr::parse_crosstask_annotation("fuzz.csv", text, kSteps)) {
      if (segment.step < 0 || segment.step >= static_cast<std::int32_t>(kSteps)) std::abort();
      if (!(segment.start_s >= 0 && segment.end_s >= segment.start_s)) std::abort();
    }
  });
  return 0;
}

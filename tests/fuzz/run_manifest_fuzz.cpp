#include <cstdint>
#include <cstdlib>

#include "data/error.h"
#include "pipeline/run/run_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto read = tvr::parse_manifest("/run", {reinterpret_cast<const char*>(data), size});
    const std::string text = tvr::text_of("/run", read);
    if (tvr::text_of("/run", tvr::parse_manifest("/run", text)) != text) std::abort();
  } catch (const tvr::Error&) {
  }
  return 0;
}

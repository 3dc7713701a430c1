#include <cstdint>
#include <cstdlib>

#include "data/error.h"
#include "pipeline/run/placed_steps.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto read = tvr::parse_placed_steps("fuzz.csv", {reinterpret_cast<const char*>(data), size});
    const auto again = tvr::parse_placed_steps("again.csv", tvr::placed_steps_csv(read));
    if (again.size() != read.size()) std::abort();
  } catch (const tvr::Error&) {
  }
  return 0;
}

#include <cstdint>

#include "data/tensors/npy.h"
#include "tests/support/memory_file.h"
#include "tests/support/whole_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tvr::testing::MemoryFile file;
  const std::filesystem::path path = file.hold(data, size);
  (void)tvr::testing::gives_tensors([&] { return tvr::NamedTensors{{"array", tvr::read_npy(path)}}; });
  return 0;
}

#include <cstdint>

#include "data/tensors/safetensors.h"
#include "tests/support/memory_file.h"
#include "tests/support/whole_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tvr::testing::MemoryFile file;
  const std::filesystem::path path = file.hold(data, size);
  (void)tvr::testing::gives_tensors([&] { return tvr::read_safetensors(path); });
  return 0;
}

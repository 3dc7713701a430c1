#include <cstdint>

#include "data/tensors/pth.h"
#include "data/tensors/tensor_file.h"
#include "tests/support/memory_file.h"
#include "tests/support/whole_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tvr::testing::MemoryFile file;
  const std::filesystem::path path = file.hold(data, size);
  (void)tvr::testing::gives_tensors([&] { return tvr::read_weights(path); });
  (void)tvr::testing::gives_tensors([&] {
    tvr::NamedTensors all;
    for (auto& group : tvr::read_pth_groups(path))
      for (auto& entry : group.second) all.push_back(std::move(entry));
    return all;
  });
  return 0;
}

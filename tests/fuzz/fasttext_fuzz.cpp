#include <cstring>

#include "tests/fuzz/fuzz_vectors.h"

// The magic number is put in front, so that every input reaches the reader.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint32_t kMagic = 793712314;
  std::vector<std::uint8_t> bytes(sizeof kMagic + size);
  std::memcpy(bytes.data(), &kMagic, sizeof kMagic);
  if (size > 0) std::memcpy(bytes.data() + sizeof kMagic, data, size);
  tvr::testing::read_vectors_of(bytes.data(), bytes.size());
  return 0;
}

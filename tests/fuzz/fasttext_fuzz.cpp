#include <cstring>

#include "tests/support/vectors_of_bytes.h"

// The magic number is put in front, so that every input reaches the reader.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint32_t kMagic = 793712314;
  std::string bytes(sizeof kMagic, '\0');
  std::memcpy(bytes.data(), &kMagic, sizeof kMagic);
  bytes.append(reinterpret_cast<const char*>(data), size);
  (void)tvr::testing::read_vectors_of(bytes);
  return 0;
}

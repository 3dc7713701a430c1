#include "tests/fuzz/fuzz_vectors.h"

// Text and binary; what the format is, the reader decides.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tvr::testing::read_vectors_of(data, size);
  return 0;
}

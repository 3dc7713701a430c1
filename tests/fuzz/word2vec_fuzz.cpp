#include "tests/support/vectors_of_bytes.h"

// Text and binary; what the format is, the reader decides.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)tvr::testing::read_vectors_of({reinterpret_cast<const char*>(data), size});
  return 0;
}

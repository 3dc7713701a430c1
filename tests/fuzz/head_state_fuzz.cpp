#include <cstdint>
#include <cstdlib>

#include "data/error.h"
#include "data/tensors/tensor_file.h"
#include "model/head_state.h"
#include "tests/support/memory_file.h"

/// Any bytes as the state of a head's training on vectors of one value, and as a head's checkpoint.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tvr::testing::MemoryFile file;
  const std::filesystem::path path = file.hold(data, size);
  try {
    const auto state = tvr::read_head_state(path, 1, 1, "");
    if (state && (state->epoch < 1 || state->best_epoch >= state->epoch)) std::abort();
  } catch (const tvr::Error&) {
  }
  try {
    const tvr::Head head = tvr::head_of(tvr::read_weights(path), path);
    if (head.dim() < 1 || head.video_dim() < head.dim()) std::abort();
  } catch (const tvr::Error&) {
  }
  return 0;
}

#pragma once

#include <cstdlib>

#include "data/error.h"
#include "data/tensors/tensor.h"

namespace tvr::testing {

inline bool is_whole(const Tensor& tensor) {
  std::size_t bytes = size_of(tensor.dtype);
  for (const std::int64_t size : tensor.shape) bytes *= static_cast<std::size_t>(size);
  return bytes == tensor.bytes.size();
}

/// True when `read` gave tensors, false when it threw an Error; anything else is a bug and ends the program.
template <class Read>
bool gives_tensors(const Read& read) {
  try {
    const NamedTensors tensors = read();
    for (const auto& entry : tensors) {
      if (!is_whole(entry.second)) std::abort();
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace tvr::testing

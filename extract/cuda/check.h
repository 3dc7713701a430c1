#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "data/error.h"

namespace tvr {

/// Throws Error(Device) with CUDA's words.
inline void check(cudaError_t status, const std::string& where) {
  if (status == cudaSuccess) return;
  throw Error(Fault::Device, where, std::string("CUDA: ") + cudaGetErrorString(status));
}

}  // namespace tvr

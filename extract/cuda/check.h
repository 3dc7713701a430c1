#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "data/error.h"

namespace tvr {

/// Throws Error(Device) with CUDA's message; if memory ran out, with the advice `for_memory`.
inline void check(cudaError_t status, const std::string& where, const char* for_memory = "") {
  if (status == cudaSuccess) return;
  throw Error(Fault::Device, where, std::string("CUDA: ") + cudaGetErrorString(status),
              status == cudaErrorMemoryAllocation ? for_memory : "");
}

}  // namespace tvr

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tvr {

struct CudaDevice {
  std::string name;
  std::int64_t memory_bytes = 0;
  int major = 0, minor = 0;  // compute capability
};

/// What NVIDIA's driver says of itself.
struct CudaDriver {
  std::string library_error;  // why libcuda.so.1 could not be loaded; empty: it is there
  std::string error;          // its name for why it does not work ("CUDA_ERROR_NO_DEVICE"); empty: it does
  int version = 0;            // of CUDA, 12040 for 12.4
  std::vector<CudaDevice> devices;
};

/// Loads the driver's library for the question only; never fails. Link against nothing: most machines lack
/// it.
[[nodiscard]] CudaDriver probe_cuda(const std::string& library = "libcuda.so.1");

}  // namespace tvr

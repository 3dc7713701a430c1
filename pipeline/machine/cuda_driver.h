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

/// What NVIDIA's driver reports.
struct CudaDriver {
  std::string library_error;  // why libcuda.so.1 could not be loaded; empty: it was
  std::string error;          // its error name ("CUDA_ERROR_NO_DEVICE"); empty: it works
  int version = 0;            // CUDA version, 12040 for 12.4
  std::vector<CudaDevice> devices;
};

/// Loads the driver's library only to query it; never throws. It is not linked, since most machines lack it.
[[nodiscard]] CudaDriver probe_cuda(const std::string& library = "libcuda.so.1");

}  // namespace tvr

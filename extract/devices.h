#pragma once

#include <string>
#include <vector>

#include "extract/networks/backbone.h"

namespace tvr {

/// Where networks run.
struct Devices {
  Device kind = Device::Auto;
  std::vector<int> gpus = {0};  // distinct numbers; without meaning for Device::Cpu
};

/// "auto", "cpu", "cuda" (the first GPU), "cuda:1", "cuda:0,1". Throws Error(InvalidArgument) for anything
/// else. Does not look whether the GPUs exist.
[[nodiscard]] Devices devices_named(const std::string& name);

/// Whether networks run on a GPU: one was asked for, or nothing was and one can be used.
[[nodiscard]] bool uses_gpu(const Devices& devices);

}  // namespace tvr

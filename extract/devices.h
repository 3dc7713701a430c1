#pragma once

#include <string>
#include <vector>

#include "extract/networks/backbone.h"

namespace tvr {

/// Where networks run.
struct Devices {
  Device kind = Device::Auto;
  std::vector<int> gpus = {0};  // distinct device numbers; unused with Device::Cpu
};

/// Parses "auto", "cpu", "cuda" (the first GPU), "cuda:1" or "cuda:0,1". Throws Error(InvalidArgument) for
/// anything else. Does not check that the GPUs exist.
[[nodiscard]] Devices devices_named(const std::string& name);

/// Whether networks run on a GPU: one was requested, or Auto was and a GPU is usable.
[[nodiscard]] bool uses_gpu(const Devices& devices);

}  // namespace tvr

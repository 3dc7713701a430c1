#include "extract/devices.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "data/error.h"
#include "extract/gpu.h"

namespace tvr {
namespace {

/// The numbers in "0,1"; empty for anything else.
std::vector<int> numbers_in(std::string_view list) {
  std::vector<int> numbers;
  const char* next = list.data();
  const char* const end = next + list.size();
  for (;;) {
    int number = -1;
    const auto [after, fault] = std::from_chars(next, end, number);
    const bool seen = std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    if (fault != std::errc() || number < 0 || seen) return {};
    numbers.push_back(number);
    if (after == end) return numbers;
    if (*after != ',') return {};
    next = after + 1;
  }
}

}  // namespace

Devices devices_named(const std::string& name) {
  if (name == "auto") return {};
  if (name == "cpu") return {Device::Cpu};
  if (name == "cuda") return {Device::Cuda};
  const std::string_view kind = "cuda:";
  if (name.compare(0, kind.size(), kind) == 0) {
    std::vector<int> gpus = numbers_in(std::string_view(name).substr(kind.size()));
    if (!gpus.empty()) return {Device::Cuda, std::move(gpus)};
  }
  throw Error(Fault::InvalidArgument, "--device", "'" + name + "' is not known",
              "Use auto, cpu, cuda, or distinct GPU numbers: cuda:0,1");
}

bool uses_gpu(const Devices& devices) {
  return devices.kind == Device::Cuda || (devices.kind == Device::Auto && gpu_count() > 0);
}

}  // namespace tvr

#include "pipeline/machine/cuda_driver.h"

#include <dlfcn.h>

#include <array>
#include <memory>

namespace tvr {
namespace {

// The driver API by its documented names and numbers (docs.nvidia.com/cuda/cuda-driver-api), so that no CUDA
// header is needed.
constexpr int kComputeMajor = 75, kComputeMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*

class Driver {
 public:
  explicit Driver(const std::string& library) : handle_(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) error_ = dlerror();
  }
  ~Driver() {
    if (handle_ != nullptr) dlclose(handle_);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  [[nodiscard]] bool loaded() const noexcept { return handle_ != nullptr; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

  /// Calls a driver function; -1 if the library does not have it.
  template <class... Arguments>
  int call(const char* function, Arguments... arguments) const {
    const auto code = reinterpret_cast<int (*)(Arguments...)>(dlsym(handle_, function));
    return code == nullptr ? -1 : code(arguments...);
  }
  [[nodiscard]] std::string name_of(int status) const {
    const char* text = nullptr;
    return call("cuGetErrorName", status, &text) == 0 && text != nullptr ? text
                                                                         : "status " + std::to_string(status);
  }

 private:
  void* handle_ = nullptr;
  std::string error_;
};

CudaDevice device_of(const Driver& driver, int ordinal) {
  CudaDevice device;
  int handle = 0;
  if (driver.call("cuDeviceGet", &handle, ordinal) != 0) return device;
  std::array<char, 256> text{};
  if (driver.call("cuDeviceGetName", text.data(), static_cast<int>(text.size()) - 1, handle) == 0)
    device.name = text.data();
  std::size_t bytes = 0;
  if (driver.call("cuDeviceTotalMem_v2", &bytes, handle) == 0)
    device.memory_bytes = static_cast<std::int64_t>(bytes);
  driver.call("cuDeviceGetAttribute", &device.major, kComputeMajor, handle);
  driver.call("cuDeviceGetAttribute", &device.minor, kComputeMinor, handle);
  return device;
}

}  // namespace

CudaDriver probe_cuda(const std::string& library) {
  CudaDriver found;
  const Driver driver(library);
  if (!driver.loaded()) {
    found.library_error = driver.error();
    return found;
  }
  int count = 0;
  int status = driver.call("cuInit", 0U);
  driver.call("cuDriverGetVersion", &found.version);
  if (status == 0) status = driver.call("cuDeviceGetCount", &count);
  if (status != 0) {
    found.error = driver.name_of(status);
    return found;
  }
  for (int i = 0; i < count; ++i) found.devices.push_back(device_of(driver, i));
  return found;
}

}  // namespace tvr

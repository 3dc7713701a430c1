#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace tvr {

/// Memory of a kernel, aligned to 64 bytes and zero, with a guard behind it: writing past the end is seen.
template <class T>
class Guarded {
 public:
  explicit Guarded(std::size_t count)
      : bytes_(count * sizeof(T)),
        memory_(static_cast<unsigned char*>(
                    std::aligned_alloc(kGuard, (bytes_ + 2 * kGuard - 1) / kGuard * kGuard)),
                std::free) {
    std::memset(memory_.get(), 0, bytes_);
    std::memset(memory_.get() + bytes_, kMark, guard_bytes());
  }
  [[nodiscard]] T* data() { return reinterpret_cast<T*>(memory_.get()); }
  [[nodiscard]] T& operator[](std::size_t i) { return data()[i]; }
  [[nodiscard]] std::size_t size() const { return bytes_ / sizeof(T); }
  [[nodiscard]] bool is_guarded() const {
    return std::all_of(memory_.get() + bytes_, memory_.get() + bytes_ + guard_bytes(),
                       [](unsigned char byte) { return byte == kMark; });
  }

 private:
  static constexpr std::size_t kGuard = 64;
  static constexpr unsigned char kMark = 0xA5;
  [[nodiscard]] std::size_t guard_bytes() const {
    return (bytes_ + 2 * kGuard - 1) / kGuard * kGuard - bytes_;
  }
  std::size_t bytes_;
  std::unique_ptr<unsigned char, decltype(&std::free)> memory_;
};

}  // namespace tvr

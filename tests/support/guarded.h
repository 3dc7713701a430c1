#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace tvr {

/// Memory of a kernel, zero and aligned to 64 bytes. It ends at a page that may not be touched: reading or
/// writing a cache line behind it crashes, by whatever instruction; writing within its last line is seen by
/// is_guarded().
template <class T>
class Guarded {
 public:
  explicit Guarded(std::size_t count) : bytes_(count * sizeof(T)) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    mapped_ = (room() + page - 1) / page * page + page;
    void* const pages = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::runtime_error("no memory to map");
    pages_ = static_cast<unsigned char*>(pages);
    memory_ = pages_ + mapped_ - page - room();
    if (mprotect(pages_ + mapped_ - page, page, PROT_NONE) != 0) throw std::runtime_error("no guard page");
    std::memset(memory_ + bytes_, kMark, room() - bytes_);
  }
  Guarded(Guarded&& other) noexcept
      : bytes_(other.bytes_),
        mapped_(other.mapped_),
        pages_(std::exchange(other.pages_, nullptr)),
        memory_(other.memory_) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  Guarded& operator=(Guarded&&) = delete;
  ~Guarded() {
    if (pages_ != nullptr) munmap(pages_, mapped_);
  }

  [[nodiscard]] T* data() { return reinterpret_cast<T*>(memory_); }
  [[nodiscard]] T& operator[](std::size_t i) { return data()[i]; }
  [[nodiscard]] std::size_t size() const { return bytes_ / sizeof(T); }
  [[nodiscard]] bool is_guarded() const {
    return std::all_of(memory_ + bytes_, memory_ + room(), [](unsigned char byte) { return byte == kMark; });
  }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr unsigned char kMark = 0xA5;
  [[nodiscard]] std::size_t room() const { return (bytes_ + kLine - 1) / kLine * kLine; }

  std::size_t bytes_, mapped_ = 0;
  unsigned char* pages_ = nullptr;
  unsigned char* memory_ = nullptr;
};

}  // namespace tvr

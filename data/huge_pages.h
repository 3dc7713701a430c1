#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace tvr {

/// Requests huge pages for large arrays: a pass over many rows then needs tens of address translations
/// instead of tens of thousands. Such arrays begin at different places within a page: a pass over several of
/// them would otherwise need the same sets of the cache for all.
template <class T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr std::size_t kPage = std::size_t{2} << 20U;
  static constexpr std::size_t kLarge =
      8 * kPage;  // smaller arrays are short-lived, and zeroing a huge page is not worth it
  static constexpr std::size_t kSkew = 65 * 64, kSkews = 16;  // a small page and a cache line

  HugePageAllocator() noexcept = default;
  template <class U>
  explicit HugePageAllocator(const HugePageAllocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_array_new_length();
    const std::size_t bytes = count * sizeof(T);
    if (bytes < kLarge) {
      void* const memory = std::malloc(bytes > 0 ? bytes : 1);
      if (memory == nullptr) throw std::bad_alloc();
      return static_cast<T*>(memory);
    }
    static std::atomic<std::size_t> turn{0};
    const std::size_t skew = kSkew * (turn++ % kSkews);
    const std::size_t whole = (skew + bytes + kPage - 1) / kPage * kPage;
    void* const memory = std::aligned_alloc(kPage, whole);
    if (memory == nullptr) throw std::bad_alloc();
    madvise(memory, whole, MADV_HUGEPAGE);  // a hint: without it the array works as well
    return reinterpret_cast<T*>(static_cast<std::byte*>(memory) + skew);
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    if (count * sizeof(T) < kLarge) return std::free(memory);
    const std::size_t skew = reinterpret_cast<std::uintptr_t>(memory) % kPage;
    std::free(reinterpret_cast<std::byte*>(memory) - skew);
  }

  template <class U>
  friend bool operator==(const HugePageAllocator&, const HugePageAllocator<U>&) noexcept {
    return true;
  }
  template <class U>
  friend bool operator!=(const HugePageAllocator&, const HugePageAllocator<U>&) noexcept {
    return false;
  }
};

}  // namespace tvr

#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace tvr {

/// Puts large arrays on huge pages where the system has them: a pass over many rows at once then needs tens
/// of address translations, not tens of thousands.
template <class T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr std::size_t kPage = std::size_t{2} << 20U;
  static constexpr std::size_t kLarge =
      8 * kPage;  // smaller arrays come and go, and are not worth a page's zeroing

  HugePageAllocator() noexcept = default;
  template <class U>
  explicit HugePageAllocator(const HugePageAllocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_array_new_length();
    const std::size_t bytes = count * sizeof(T);
    const bool large = bytes >= kLarge;
    const std::size_t whole = (bytes + kPage - 1) / kPage * kPage;
    void* const memory = large ? std::aligned_alloc(kPage, whole) : std::malloc(bytes > 0 ? bytes : 1);
    if (memory == nullptr) throw std::bad_alloc();
    if (large) madvise(memory, whole, MADV_HUGEPAGE);  // a wish: without it the array is as good
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) noexcept { std::free(memory); }

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

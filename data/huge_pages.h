#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace tvr {

/// Requests huge pages for large arrays: a pass over many rows then needs tens of address translations
/// instead of tens of thousands.
template <class T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr std::size_t kPage = std::size_t{2} << 20U;
  static constexpr std::size_t kLarge =
      8 * kPage;  // smaller arrays are short-lived, and zeroing a huge page is not worth it

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
    if (large) madvise(memory, whole, MADV_HUGEPAGE);  // a hint: without it the array works as well
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

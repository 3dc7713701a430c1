#pragma once

#include <cstdint>
#include <functional>

namespace tvr {

/// Threads that the room's products and loops use; 0 means one a core.
void set_compute_threads(int threads);

/// Has the allocator keep what a step frees for the next one. Left to itself glibc returns it to the system
/// each time, to be zeroed and mapped again page by page.
void keep_freed_memory();

/// Calls work(begin, end) on disjoint ranges that cover [0, count), at once. An item takes about `cost`
/// multiplications: a thread gets at least four million (some 50 us): for less it would not be woken in time.
void parallel_for(std::int64_t count, std::int64_t cost,
                  const std::function<void(std::int64_t begin, std::int64_t end)>& work);

}  // namespace tvr

#pragma once

#include <cstdint>
#include <functional>

namespace tvr {

/// Number of threads for the products and loops of model/; 0: one per core.
void set_compute_threads(int threads);

/// Makes the allocator keep memory that one step frees for the next one. By default glibc returns it to the
/// system, which must then zero and map it again page by page.
void keep_freed_memory();

/// Calls work(begin, end) in parallel on disjoint ranges that cover [0, count). An item costs about `cost`
/// multiplications; a thread gets at least four million of them (some 50 us), since waking a thread for less
/// does not pay.
void parallel_for(std::int64_t count, std::int64_t cost,
                  const std::function<void(std::int64_t begin, std::int64_t end)>& work);

}  // namespace tvr

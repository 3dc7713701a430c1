#pragma once

#include <cstdint>
#include <functional>

namespace tvr {

/// Threads that the room's products and loops use; 0 means one a core.
void set_compute_threads(int threads);

/// Calls work(begin, end) on disjoint ranges that cover [0, count), of at least `grain` items each, at once.
void parallel_for(std::int64_t count, std::int64_t grain,
                  const std::function<void(std::int64_t begin, std::int64_t end)>& work);

}  // namespace tvr

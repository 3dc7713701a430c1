#include "model/parallel.h"

#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>

#include "data/usable_cores.h"

namespace tvr {
namespace {

constexpr std::int64_t kWorthAThread = 1 << 22;

}  // namespace

// LibTorch's threads, so that the program has one thread pool and one setting.
void set_compute_threads(int threads) { at::set_num_threads(threads > 0 ? threads : usable_cores()); }

void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 16 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

void parallel_for(std::int64_t count, std::int64_t cost,
                  const std::function<void(std::int64_t, std::int64_t)>& work) {
  const std::int64_t item = std::max<std::int64_t>(cost, 1);
  at::parallel_for(0, count, (kWorthAThread + item - 1) / item, work);
}

}  // namespace tvr

#include "model/parallel.h"

#include <ATen/Parallel.h>

#include <thread>

namespace tvr {

// LibTorch's threads, so that the program has one pool and one setting.
void set_compute_threads(int threads) {
  at::set_num_threads(threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency()));
}

void parallel_for(std::int64_t count, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& work) {
  at::parallel_for(0, count, grain, work);
}

}  // namespace tvr

// Milliseconds of the ranks of both directions, after the embeddings, and the memory they take:
//   ranks_bench [THREADS=0] [TEXTS=1000 VIDEOS=1000 DIM=4096]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "model/parallel.h"
#include "model/random.h"
#include "model/retrieval_metrics.h"

namespace tvr {
namespace {

Matrix random_matrix(std::int64_t rows, std::int64_t cols, std::uint64_t index) {
  Matrix matrix(rows, cols);
  const CounterRandom random(1, RandomUse::Weights, index);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    matrix.data()[i] = 2 * random.uniform(static_cast<std::uint64_t>(i)) - 1;
  }
  return matrix;
}

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e3;
}

void bench(std::int64_t texts, std::int64_t videos, std::int64_t dim) {
  const Matrix text = random_matrix(texts, dim, 1), video = random_matrix(videos, dim, 2);
  std::vector<std::int32_t> clip_of(static_cast<std::size_t>(texts));
  for (std::size_t i = 0; i < clip_of.size(); ++i) {
    clip_of[i] = static_cast<std::int32_t>(static_cast<std::int64_t>(i) % videos);
  }
  const double before_mb = peak_mb();
  std::vector<double> times(texts * videos > 100'000'000 ? 1 : 9);
  for (double& time : times) {
    const auto start = std::chrono::steady_clock::now();
    (void)retrieval_ranks(text, video, clip_of);
    time = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
  std::sort(times.begin(), times.end());
  std::printf("%lld x %lld, D %lld: median %.1f ms, fastest %.1f ms; %.0f MB beside the embeddings\n",
              static_cast<long long>(texts), static_cast<long long>(videos), static_cast<long long>(dim),
              times[times.size() / 2], times[0], peak_mb() - before_mb);
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  tvr::set_compute_threads(argc > 1 ? std::atoi(argv[1]) : 0);
  tvr::keep_freed_memory();
  const auto number = [&](int i, std::int64_t otherwise) {
    return argc > i ? std::atoll(argv[i]) : otherwise;
  };
  tvr::bench(number(2, 1000), number(3, 1000), number(4, 4096));
}

// A training step at the reference's size (68.4 million parameters, captions of nine words) by one process or
// by several: its seconds, those of processor time on rank 0, of them within MPI, and what rank 0 receives.
//   group_bench [PAIRS=512] [STEPS=5] [THREADS=1]        by mpirun -np N for several; group_ratio.sh compares
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "model/adam.h"
#include "model/distributed/launcher.h"
#include "model/distributed/mpi_group.h"
#include "model/distributed/share.h"
#include "model/kernels/kernels.h"
#include "model/parallel.h"
#include "model/random.h"
#include "model/training_step.h"

namespace tvr {
namespace {

double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// A group whose traffic and time are counted.
class Counted : public Collective {
 public:
  explicit Counted(Collective& group) : group_(group) {}
  [[nodiscard]] int rank() const noexcept override { return group_.rank(); }
  [[nodiscard]] int size() const noexcept override { return group_.size(); }
  void all_gather(const void* mine, void* all, const std::vector<std::int64_t>& bytes) override {
    const double start = cpu_s();
    group_.all_gather(mine, all, bytes);
    cpu += cpu_s() - start;
    for (int from = 0; from < size(); ++from)
      received += from == rank() ? 0 : bytes[static_cast<std::size_t>(from)];
  }
  void broadcast(void* values, std::int64_t bytes) override { group_.broadcast(values, bytes); }

  double cpu = 0;
  std::int64_t received = 0;

 private:
  Collective& group_;
};

Matrix random_matrix(std::int64_t rows, std::int64_t cols, std::uint64_t index) {
  Matrix matrix(rows, cols);
  const CounterRandom random(1, RandomUse::Weights, 100 + index);
  for (std::int64_t i = 0; i < rows * cols; ++i)
    matrix.data()[i] = 2 * random.uniform(static_cast<std::uint64_t>(i)) - 1;
  return matrix;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void bench(std::int64_t pairs, int steps, Collective& joined) {
  Counted group(joined);
  const EmbeddingShape shape{300, 4096, 4096, 20};
  const Matrix vectors = random_matrix(5000, 300, 1);
  StepPairs batch;
  const CounterRandom random(1, RandomUse::CaptionChoice, 1);
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(pairs); ++i) {
    batch.clips.push_back(static_cast<std::int32_t>(i));
    std::vector<std::int32_t>& caption = batch.captions.emplace_back();
    for (std::uint64_t w = 0; w < 9; ++w)
      caption.push_back(static_cast<std::int32_t>(random.below(5000, 9 * i + w)));
  }
  const Share mine = share_of(pairs, group);
  const Matrix features = random_matrix(mine.count(), shape.video_dim, 2);
  Parameters parameters = initial_parameters(shape, 1);
  const Parameters zero = zero_parameters(shape, share_of(shape.embd_dim, group).count());
  AdamState adam{zero, zero, 0};
  const TrainOptions options;
  std::vector<double> wall, cpu, in_mpi;
  for (int step = 0; step < steps; ++step) {
    group.cpu = 0;
    group.received = 0;
    const double start = wall_s(), cpu_start = cpu_s();
    const StepResult result = loss_and_gradients(parameters, 0, batch, features, vectors, options, {}, group);
    adam_step(parameters, adam, result.gradients, options.lr, group);
    wall.push_back(wall_s() - start);
    cpu.push_back(cpu_s() - cpu_start);
    in_mpi.push_back(group.cpu);
  }
  if (group.rank() > 0) return;
  const double size = group.size(), weights = 4e-6 * static_cast<double>(count_of(parameters));
  std::printf(
      "%d ranks, %lld pairs, kernels %s: median %.3f s a step; processor %.3f s, of it %.3f s in MPI; "
      "received %.0f MB, a ring all-reduce %.0f MB\n",
      group.size(), static_cast<long long>(pairs), kernels().name, median(wall), median(cpu), median(in_mpi),
      1e-6 * static_cast<double>(group.received), 2 * (size - 1) / size * weights);
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  const std::int64_t pairs = argc > 1 ? std::atoll(argv[1]) : 512;
  const int steps = argc > 2 ? std::atoi(argv[2]) : 5;
  tvr::set_compute_threads(argc > 3 ? std::atoi(argv[3]) : 1);
  tvr::keep_freed_memory();
  if (!tvr::is_started_in_group()) {
    tvr::bench(pairs, steps, tvr::alone());
    return 0;
  }
  const std::unique_ptr<tvr::Collective> group = tvr::join_group();
  tvr::bench(pairs, steps, *group);
}

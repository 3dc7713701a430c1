// Milliseconds of a training step at the reference's size (68.4 million parameters, batch 32, captions of
// nine words, 20 places), and of its parts, for comparison with train_step.py on the same machine; and its
// bound at the rates of products and of memory that are measured in between.
//   train_bench [THREADS=0] [STEPS=20]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "data/huge_pages.h"
#include "model/adam.h"
#include "model/kernels/kernels.h"
#include "model/linear.h"
#include "model/parallel.h"
#include "model/random.h"
#include "model/resident_pairs.h"
#include "model/train_fields.h"
#include "model/training_step.h"

namespace tvr {
namespace {

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Matrix random_matrix(std::int64_t rows, std::int64_t cols, std::uint64_t index) {
  Matrix matrix(rows, cols);
  const CounterRandom random(1, RandomUse::Weights, 100 + index);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    matrix.data()[i] = 2 * random.uniform(static_cast<std::uint64_t>(i)) - 1;
  }
  return matrix;
}

void report(const char* what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  std::printf("%-28s median %7.1f ms   fastest %7.1f ms\n", what, times[times.size() / 2], times[0]);
}

constexpr double kLayerGflop = 2e-9 * 32 * 4096 * 4096, kPoolingGflop = 2e-9 * 241 * 300 * 4096;
constexpr double kWeightsGb = 4e-9 * (4.0 * 4096 * 4096 + 300 * 4096);

/// Seconds of the fastest of `rounds`.
template <class Work>
double fastest_s(int rounds, const Work& work) {
  double fastest = 1e300;
  for (int i = 0; i < rounds; ++i) {
    const double start = now_ms();
    work();
    fastest = std::min(fastest, (now_ms() - start) / 1e3);
  }
  return fastest;
}

/// What no program with these products and this memory can be faster than.
class Bound {
 public:
  Bound() : values_(std::size_t{1} << 26U), a_(512, 256), b_(256, 32) {}

  void measure() {
    // Operands that stay in the second cache of each core.
    constexpr std::int64_t kTimes = 64;
    product_s_ =
        std::min(product_s_, fastest_s(3, [&] {
                   parallel_for(kTimes, 1 << 26, [&](std::int64_t begin, std::int64_t end) {
                     Matrix c(512, 32);
                     for (std::int64_t i = begin; i < end; ++i)
                       kernels().multiply({a_.data(), 256, 1, b_.data(), 32, c.data(), 32, 512, 32, 256});
                   });
                 }));
    memory_s_ = std::min(memory_s_, fastest_s(3, [&] {
                           parallel_for(static_cast<std::int64_t>(values_.size()), 1,
                                        [&](std::int64_t begin, std::int64_t end) {
                                          for (std::int64_t i = begin; i < end; ++i)
                                            values_[static_cast<std::size_t>(i)] += 1;
                                        });
                         }));
    product_gflops_ = kTimes * 2e-9 * 512 * 32 * 256 / product_s_;
    memory_gbs_ = 8e-9 * static_cast<double>(values_.size()) / memory_s_;
  }

  /// Of a step: 4 layers forward, 3 back and 4 weight gradients; the weights and both moments read and
  /// written by Adam, and 7 layers read.
  [[nodiscard]] double step_ms() const {
    const double arithmetic_s = (11 * kLayerGflop + 2 * kPoolingGflop) / product_gflops_;
    const double memory_s = (6 * kWeightsGb + 7 * 4e-9 * 4096 * 4096) / memory_gbs_;
    std::printf("bound: arithmetic %.1f ms at %.0f GFLOP/s, memory %.1f ms at %.0f GB/s\n",
                1e3 * arithmetic_s, product_gflops_, 1e3 * memory_s, memory_gbs_);
    return 1e3 * std::max(arithmetic_s, memory_s);
  }

 private:
  std::vector<float, HugePageAllocator<float>> values_;
  Matrix a_, b_;
  double product_s_ = 1e300, memory_s_ = 1e300, product_gflops_ = 0, memory_gbs_ = 0;
};

void bench_steps(int steps) {
  const Matrix vectors = random_matrix(500, 300, 1);
  PairData pairs;
  pairs.clips = random_matrix(64, 4096, 2);
  const CounterRandom random(1, RandomUse::CaptionChoice, 1);
  for (std::uint64_t i = 0; i < 64; ++i) {
    std::vector<std::int32_t>& caption = pairs.captions.emplace_back();
    for (std::uint64_t w = 0; w < 9; ++w)
      caption.push_back(static_cast<std::int32_t>(random.below(500, 9 * i + w)));
    pairs.clip_of.push_back(static_cast<std::int32_t>(i));
  }
  const TrainOptions options;
  const EmbeddingShape shape{300, 4096, 4096, 20};
  Parameters parameters = initial_parameters(shape, 1);
  AdamState adam{zero_parameters(shape), zero_parameters(shape), 0};
  const ResidentPairs source(pairs, vectors, plan_training(options));
  Bound bound;
  std::vector<double> times;
  double loss = 0;
  for (int step = 0; step < steps; ++step) {
    if (step % 5 == 0) bound.measure();
    const double start = now_ms();
    const StepPairs batch = source.batch(1 + step / 2, step % 2);
    const StepResult result =
        loss_and_gradients(parameters, 0, batch, source.features(batch.clips), vectors, options);
    adam_step(parameters, adam, result.gradients, options.lr);
    times.push_back(now_ms() - start);
    loss = result.loss;
  }
  report("training step", times);
  std::sort(times.begin(), times.end());
  std::printf("step over bound: %.2f\n", times[times.size() / 2] / bound.step_ms());
  std::printf("loss after %d steps: %.6f\n", steps, loss);
}

/// The products of one 4096 x 4096 layer, and Adam's pass over all layers, with their arithmetic and the
/// memory that must be read and written.
void bench_parts() {
  const EmbeddingShape shape{300, 4096, 4096, 20};
  Parameters parameters = initial_parameters(shape, 1);
  AdamState adam{zero_parameters(shape), zero_parameters(shape), 0};
  const Matrix x = random_matrix(32, 4096, 5), dy = random_matrix(32, 4096, 6);
  Gradients gradients;
  for (std::size_t l = 0; l < kLayers; ++l) gradients[l] = {dy, x};
  gradients[kTextPooling] = {random_matrix(241, 4096, 7), random_matrix(241, 300, 8)};
  const auto time = [](const char* what, double gflop, double gb, const auto& work) {
    const double fastest = fastest_s(9, work);
    std::printf("  %-26s fastest %5.1f ms   %4.0f GFLOP/s   %4.0f GB/s\n", what, 1e3 * fastest,
                gflop / fastest, gb / fastest);
  };
  const Matrix& weight = parameters[kVideoFc].weight;
  time("a layer forward", kLayerGflop, 0.067, [&] { (void)multiply_transposed(x, weight); });
  time("a layer's input gradient", kLayerGflop, 0.067, [&] { (void)multiply(dy, weight); });
  time("weight gradients and Adam", 4 * kLayerGflop + kPoolingGflop, 6 * kWeightsGb,
       [&] { adam_step(parameters, adam, gradients, 1e-4); });
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  tvr::set_compute_threads(argc > 1 ? std::atoi(argv[1]) : 0);
  tvr::keep_freed_memory();
  std::printf("kernels: %s\n", tvr::kernels().name);
  tvr::bench_steps(argc > 2 ? std::atoi(argv[2]) : 20);
  tvr::bench_parts();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("peak memory %.2f GB\n", static_cast<double>(usage.ru_maxrss) / 1e6);
}

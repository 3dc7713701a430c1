// Reading and computing of a training step on narrations, and both at once, on a generated store of videos of
// 6.5 minutes (390 rows of lane 2d, 585 of 3d, 2048 columns each).
//   narrated_bench [VIDEOS=8] [BATCH=4] [N_PAIR=8] [EMBD_DIM=256] [STEPS=2] [FOLDER=a temporary one]
// HowTo100M's step: narrated_bench 500 32 64 4096 5 FOLDER; the folder keeps its 2 GB of features.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "data/mapped_file.h"
#include "data/narrations/narration_writer.h"
#include "data/tensors/tensor.h"
#include "model/adam.h"
#include "model/linear.h"
#include "model/parallel.h"
#include "model/random.h"
#include "model/train_fields.h"
#include "model/trainer.h"
#include "model/training_step.h"
#include "pipeline/narrated/narrated_pairs.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

constexpr std::int64_t kDim = 2048, kWords = 2000, kWordDim = 300;

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// `rows` random rows: a random block at a random place, as drawing each value would take minutes.
HalfSequence random_rows(std::int64_t rows, double rate, std::uint64_t seed) {
  static const std::vector<std::uint16_t> kBlock = [] {
    std::vector<std::uint16_t> block;
    const CounterRandom random(1, RandomUse::Weights);
    for (std::uint64_t i = 0; i < 1U << 20U; ++i) block.push_back(to_half(random.uniform(i)));
    return block;
  }();
  HalfSequence sequence;
  sequence.dim = kDim;
  const CounterRandom random(seed, RandomUse::Weights);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto begin = static_cast<std::ptrdiff_t>(
        random.below(kBlock.size() - static_cast<std::uint64_t>(kDim), static_cast<std::uint64_t>(row)));
    sequence.halves.insert(sequence.halves.end(), kBlock.begin() + begin, kBlock.begin() + begin + kDim);
    const auto at = [rate](std::int64_t i) {
      return Micros(std::llround(1e6 * static_cast<double>(i) / rate));
    };
    sequence.times.push_back({at(row), at(row + 1)});
  }
  return sequence;
}

void generate(const std::filesystem::path& folder, int videos) {
  if (std::filesystem::exists(folder / "narrations.db")) return;
  FeatureStore store(folder / "features.db", FeatureStore::Access::ReadWrite);
  const std::int64_t lane_2d = store.add_recipe({"2d", R"({"clip_frames":1,"fps":1})", "generated"});
  const std::int64_t lane_3d = store.add_recipe({"3d", R"({"clip_frames":16,"fps":24})", "generated"});
  NarrationWriter narrations(folder / "narrations.db", "generated");
  const CounterRandom random(2, RandomUse::CaptionChoice);
  std::uint64_t draws = 0;
  for (int v = 0; v < videos; ++v) {
    VideoOutcome outcome;
    outcome.source = {"video" + std::to_string(v), "/generated"};
    outcome.fingerprint = {1, 1, sha256(outcome.source.id)};
    const auto seed = static_cast<std::uint64_t>(v);
    outcome.lanes.push_back({lane_2d, random_rows(390, 1, 2 * seed)});
    outcome.lanes.push_back({lane_3d, random_rows(585, 1.5, 2 * seed + 1)});
    store.write(outcome);
    Narration narration;
    for (int line = 0; line < 110; ++line) {  // of 4 s, each overlapping the next
      narration.start.push_back(3.5 * line);
      narration.end.push_back(3.5 * line + 4);
      std::string text;
      for (int word = 0; word < 8; ++word) text += "w" + std::to_string(random.below(kWords, draws++)) + ' ';
      narration.text.push_back(text);
    }
    narrations.add(outcome.source.id, narration, seed + 1);
  }
  narrations.finish();
}

WordTable random_words() {
  WordTable words;
  words.vectors = Matrix(kWords, kWordDim);
  const CounterRandom random(3, RandomUse::Weights);
  for (std::int64_t i = 0; i < kWords * kWordDim; ++i)
    words.vectors.data()[i] = random.uniform(static_cast<std::uint64_t>(i)) - 0.5F;
  for (std::int32_t i = 0; i < kWords; ++i) {
    words.words.push_back("w" + std::to_string(i));
    words.ids[words.words.back()] = i;
  }
  return words;
}

Matrix ones(std::int64_t rows, std::int64_t cols) {
  Matrix matrix(rows, cols);
  std::fill(matrix.data(), matrix.data() + rows * cols, 1.0F);
  return matrix;
}

/// The program's own fastest product, in floating-point operations per millisecond.
double product_rate() {
  const Matrix a = ones(1024, 4096), b = ones(4096, 4096);
  double fastest = 1e300;
  for (int i = 0; i < 4; ++i) {
    const double start = now_ms();
    (void)multiply_transposed(a, b);
    fastest = std::min(fastest, now_ms() - start);
  }
  return 2.0 * 1024 * 4096 * 4096 / fastest;
}

double cpu_ms() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// The pooling of `windows` windows of 4 and 6 rows, in turns from `videos` videos, out of a memory-mapped
/// file that holds nothing but their rows: processor time in milliseconds, the file being in memory.
double plain_file_ms(const std::filesystem::path& path, int videos, int windows) {
  constexpr std::int64_t kRows = 390 + 585;
  if (!std::filesystem::exists(path)) {
    std::ofstream file(path, std::ios::binary);
    for (int v = 0; v < videos; ++v) {
      const HalfSequence rows = random_rows(kRows, 1, static_cast<std::uint64_t>(v));
      file.write(reinterpret_cast<const char*>(rows.halves.data()),
                 static_cast<std::streamsize>(2 * rows.halves.size()));
    }
  }
  const MappedFile file(path);
  const auto* const halves = reinterpret_cast<const std::uint16_t*>(file.bytes().data());
  const CounterRandom random(4, RandomUse::Weights);
  std::vector<float> pooled(2 * kDim), row(kDim);
  const auto pool = [&](std::int64_t first, std::int64_t count, float* out) {
    for (std::int64_t i = 0; i < count; ++i) {
      from_halves(halves + (first + i) * kDim, kDim, row.data());
      for (std::int64_t d = 0; d < kDim; ++d) out[d] = i == 0 ? row[d] : std::max(out[d], row[d]);
    }
    l2_normalize(out, kDim);
  };
  double best = 1e300;
  for (int round = 0; round < 3; ++round) {
    const double start = cpu_ms();
    for (int w = 0; w < windows; ++w) {
      const std::int64_t video = std::int64_t{w % videos} * kRows;
      const auto draw = static_cast<std::uint64_t>(w);
      pool(video + static_cast<std::int64_t>(random.below(386, 2 * draw)), 4, pooled.data());
      pool(video + 390 + static_cast<std::int64_t>(random.below(579, 2 * draw + 1)), 6, pooled.data() + kDim);
    }
    best = std::min(best, cpu_ms() - start);
  }
  return best;
}

/// Processor time of a step's reading when the rows have been found intact before.
double rereading_ms(const NarratedPairs& pairs) {
  const StepPairs batch = pairs.batch(1, 0);
  (void)pairs.features(batch.clips);
  double best = 1e300;
  for (int round = 0; round < 3; ++round) {
    const double start = cpu_ms();
    (void)pairs.features(batch.clips);
    best = std::min(best, cpu_ms() - start);
  }
  return best;
}

double peak_gb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e6;
}

void run(const std::filesystem::path& folder, const TrainOptions& options, int steps, int videos) {
  generate(folder, videos);
  set_compute_threads(0);
  keep_freed_memory();
  NarratedOptions narrated;
  narrated.narrations = folder / "narrations.db";
  const std::filesystem::path store = folder / "features.db";
  const NarratedVideos narrated_videos(
      narrated, open_features(narrated, store, FeatureStore(store).recipes()), Pooling::Max);
  const WordTable words = random_words();
  const NarratedPairs pairs(narrated_videos, words, options);
  const EmbeddingShape shape{kWordDim, 2 * kDim, options.embd_dim, options.max_words};
  const double pairs_per_step = options.batch_size * options.n_pair;

  double reading = 1e300, computing = 1e300;
  {
    Parameters parameters = initial_parameters(shape, 1);
    AdamState adam{zero_parameters(shape), zero_parameters(shape), 0};
    for (int step = 0; step < steps; ++step) {
      double start = now_ms();
      const StepPairs batch = pairs.batch(1 + step, 0);
      Matrix features = pairs.features(batch.clips);
      reading = std::min(reading, now_ms() - start);
      start = now_ms();
      const StepResult result =
          loss_and_gradients(parameters, 0, batch, std::move(features), words.vectors, options);
      adam_step(parameters, adam, result.gradients, options.lr);
      computing = std::min(computing, now_ms() - start);
    }
  }
  // Both at once, as the trainer does: the time from one step to the next, the first left out.
  std::vector<double> steps_at;
  TrainObserver observer;
  observer.progress = [&](const ProgressEvent&) {
    steps_at.push_back(now_ms());
    return static_cast<int>(steps_at.size()) <= steps + 1;
  };
  const testing::TempFolder state;
  try {
    (void)train(pairs, {}, words.vectors, plan_training(options), state / "state.pth", observer);
  } catch (const Error& error) {
    if (error.fault() != Fault::Interrupted) throw;
  }
  double together = 1e300;
  for (std::size_t i = 2; i < steps_at.size(); ++i)
    together = std::min(together, steps_at[i] - steps_at[i - 1]);

  // Multiplications and additions: forward, and gradients by weights and by inputs, of both towers' layers
  // but the first, which need none by their inputs.
  const double d = static_cast<double>(options.embd_dim), n = pairs_per_step;
  const double distinct_words = std::min(n * 14, static_cast<double>(kWords));
  const double flop = 2 * n * (2 * 2 * kDim * d + 3 * d * d) + 2 * n * (3 * d * d + 3 * d * d) +
                      2 * distinct_words * 2 * kWordDim * d + 3 * 2 * n * n * d;
  const double bound = flop / product_rate();
  std::printf(
      "a step of %d videos x %d lines, D %lld: reading %.0f ms, computing %.0f ms, both at once %.0f ms\n",
      options.batch_size, options.n_pair, static_cast<long long>(options.embd_dim), reading, computing,
      together);
  std::printf("%.0f pairs a second; %.0f GFLOP take %.0f ms at the product rate: %.2f of the bound\n",
              1000 * pairs_per_step / together, flop / 1e9, bound, bound / together);
  std::printf(
      "reading again rows that are known to be intact: %.0f ms of the processor; a plain file, mapped: %.0f "
      "ms\n",
      rereading_ms(pairs),
      plain_file_ms(folder / "rows.bin", std::min(videos, options.batch_size),
                    options.batch_size * options.n_pair));
  std::printf("peak memory %.2f GB\n", peak_gb());
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  const auto argument = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  tvr::TrainOptions options;
  options.batch_size = argument(2, 4);
  options.n_pair = argument(3, 8);
  options.embd_dim = argument(4, 256);
  options.negative_weighting = true;
  options.epochs = 1000;
  const tvr::testing::TempFolder temporary;
  const std::filesystem::path folder = argc > 6 ? std::filesystem::path(argv[6]) : temporary.path();
  std::filesystem::create_directories(folder);
  tvr::run(folder, options, argument(5, 2), argument(1, 8));
}

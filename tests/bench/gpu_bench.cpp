// What a GPU does with the parts of the work, each beside its floor on that GPU: bytes over the bandwidth of
// a copy, or operations over the rate of a large matrix product.
//   tvr_gpu_bench [--precision fp16,fp32] [--epochs N]   a training step, networks; --epochs: a training as a
//   whole tvr_gpu_bench [--threads N] FILE...                  decoding these videos, for the GPU and for the
//   processor Exit code
// 77 without a GPU.
#include <ATen/ATen.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "data/error.h"
#include "data/usable_cores.h"
#include "extract/gpu.h"
#include "extract/media/clip_stream.h"
#include "extract/media/frame_stream.h"
#include "extract/media/media_input.h"
#include "extract/networks/backbone.h"
#include "extract/networks/resnet.h"
#include "model/cuda/device_training.h"
#include "model/cuda/training_ops.h"
#include "model/random.h"
#include "model/resident_pairs.h"
#include "model/train_fields.h"
#include "model/trainer.h"
#include "tests/support/arithmetic.h"
#include "tests/support/temp_folder.h"

extern "C" {
#include <libavutil/log.h>
}

#ifdef TVR_CUDA
#include <cuda_runtime_api.h>

#include "extract/cuda/cuda_decoder.h"
#endif

namespace tvr::testing {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void finish_device() {
#ifdef TVR_CUDA
  cudaDeviceSynchronize();
#endif
}

/// Seconds of one `work`, which only asks the device for it: the median of five times `times` of them.
double seconds_of(int times, const std::function<void()>& work) {
  std::vector<double> seconds;
  work();
  finish_device();
  for (int round = 0; round < 5; ++round) {
    const auto start = Clock::now();
    for (int i = 0; i < times; ++i) work();
    finish_device();
    seconds.push_back(since(start) / times);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[2];
}

/// What `threads` threads do in about `wanted_s` seconds: how often `work` was done, a second.
double rate_of(int threads, double wanted_s, const std::function<void(int)>& work) {
  std::atomic<int> done{0};
  const auto start = Clock::now();
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&] {
      while (since(start) < wanted_s) work(done++);
    });
  }
  for (std::thread& worker : workers) worker.join();
  return done / since(start);
}

/// Bytes a second of a copy on the device, read and written ones.
double copy_rate() {
  const at::Tensor from = at::ones({1 << 29}, at::TensorOptions(at::kCUDA).dtype(at::kFloat));
  const at::Tensor to = at::empty_like(from);
  return 2.0 * static_cast<double>(from.nbytes()) / seconds_of(10, [&] { to.copy_(from); });
}

/// Operations a second of a large matrix product.
double product_rate(Precision precision) {
  const auto type = precision == Precision::Fp16   ? at::kHalf
                    : precision == Precision::Bf16 ? at::kBFloat16
                                                   : at::kFloat;
  at::globalContext().setAllowTF32CuBLAS(precision == Precision::Tf32);
  constexpr std::int64_t kSide = 8192;
  const at::TensorOptions options = at::TensorOptions(at::kCUDA).dtype(type);
  const at::Tensor a = at::rand({kSide, kSide}, options), b = at::rand({kSide, kSide}, options);
  at::Tensor c = at::empty_like(a);
  return 2.0 * kSide * kSide * kSide /
         seconds_of(precision == Precision::Fp32 ? 2 : 10, [&] { at::mm_out(c, a, b); });
}

Clip noise(int frames, int side) {
  Clip clip;
  clip.frames = frames;
  clip.height = side;
  clip.width = side == 224 ? 298 : side;
  const CounterRandom random(1, RandomUse::Weights, 3);
  clip.rgb().resize(static_cast<std::size_t>(3 * frames * clip.height * clip.width));
  for (std::size_t i = 0; i < clip.rgb().size(); ++i)
    clip.rgb()[i] = static_cast<std::uint8_t>(random.bits(i));
  return clip;
}

/// Networks alone, on pictures in host memory: batches of 64 by three threads, so that one prepares a batch
/// while the device works on another.
void tell_networks(Precision precision) {
  const double rate = product_rate(precision);
  std::printf("%s: matrix product %.0f TFLOP/s\n", kPrecisions.name(precision), rate / 1e12);
  struct Case {
    const char* model;
    Network network;
    Clip clip;
  };
  for (const Case& c : {Case{"resnet152", resnet2d({3, 8, 36, 3}, true), noise(1, 224)},
                        Case{"resnext101", resnet3d({3, 4, 23, 3}, Block3d::ResNeXt), noise(16, 112)}}) {
    BackboneOptions options;
    options.model = c.model;
    options.device = Device::Cuda;
    options.precision = precision;
    const auto loading = Clock::now();
    const std::unique_ptr<Backbone> network = load_backbone(options);
    const double loading_s = since(loading);
    const std::vector<const Clip*> batch(64, &c.clip);
    const auto first = Clock::now();
    (void)network->forward(batch);
    const double first_s = since(first);
    const double clips = 64 * rate_of(3, 1, [&](int) { (void)network->forward(batch); });
    const double operations = 1e9 * clips * gflop(c.network, c.clip.height, c.clip.width);
    std::printf(
        "  %-10s %7.0f clips/s, %6.1f TFLOP/s (%2.0f %% of the product's); loading %.1f s, first batch %.1f "
        "s\n",
        c.model, clips, operations / 1e12, 100 * operations / rate, loading_s, first_s);
  }
}

/// What a video costs on the GPU before its first picture, and after it.
void tell_opening(const std::filesystem::path& file) {
#ifdef TVR_CUDA
  const auto begin = Clock::now();
  for (int i = 0; i < 10; ++i) static_cast<void>(cuda_decoder(0));
  const double device_ms = 100 * since(begin);
  TimeBudget budget(60);
  const TimeBudget::Running running(budget);
  double open_ms = 0, first_ms = 0, rest_ms = 0, pictures = 0;
  for (int i = 0; i < 3; ++i) {  // the last one counts
    const auto start = Clock::now();
    MediaInput input(file, {}, budget);
    FrameStream frames(input, {}, 0);
    open_ms = 1e3 * since(start);
    (void)frames.next();
    first_ms = 1e3 * since(start) - open_ms;
    for (pictures = 0; frames.next();) ++pictures;
    rest_ms = 1e3 * since(start) - open_ms - first_ms;
  }
  std::printf(
      "for the GPU, by one thread: NVDEC's device %.1f ms; opening %.1f ms, first picture %.1f ms, then %.2f "
      "ms "
      "a picture\n",
      device_ms, open_ms, first_ms, rest_ms / pictures);
#else
  static_cast<void>(file);
#endif
}

void tell_decoding(const std::vector<std::filesystem::path>& files, int threads) {
  for (const auto& [words, preset] :
       {std::pair("on the GPU", Preset::Ffmpeg5Gpu), {"on the processor", Preset::Ffmpeg5}}) {
    const auto file = [&](int i) { return files[static_cast<std::size_t>(i) % files.size()]; };
    std::atomic<std::int64_t> pictures{0};
    const auto decode = [&, gpu = is_gpu(preset) ? std::optional(0) : std::nullopt](int i) {
      TimeBudget budget(60);
      const TimeBudget::Running running(budget);
      MediaInput input(file(i), {}, budget);
      FrameStream frames(input, {}, gpu);
      while (frames.next()) ++pictures;
    };
    const auto sample = [&, lanes = std::vector{lane_2d(preset), lane_3d(preset)}](int i) {
      ClipStream stream(file(i), lanes);
      while (stream.next()) {
      }
    };
    const auto start = Clock::now();
    const double decoded = rate_of(threads, 1.5, decode);
    const double a_second = static_cast<double>(pictures) / since(start);
    std::printf(
        "decoding %s: %.1f videos/s (%.0f pictures/s); with scaling for both lanes %.1f; by one thread "
        "%.1f\n",
        words, decoded, a_second, rate_of(threads, 1.5, sample), rate_of(1, 1, sample));
  }
}

/// MSR-VTT's size: 7,010 videos, 4096 values, captions of nine words; 1000 videos to validate on.
constexpr std::int64_t kClips = 7010, kValidationClips = 1000, kDim = 4096, kWords = 20000, kWordDim = 300;
const CounterRandom kRandom(1, RandomUse::CaptionChoice, 1);

Matrix random_matrix(std::int64_t rows, std::int64_t cols) {
  Matrix matrix(rows, cols);
  for (std::int64_t i = 0; i < rows * cols; ++i)
    matrix.data()[i] = kRandom.uniform(static_cast<std::uint64_t>(i)) - 0.5F;
  return matrix;
}

PairData random_pairs(std::int64_t clips) {
  PairData pairs;
  pairs.clips = random_matrix(clips, kDim);
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(clips); ++i) {
    std::vector<std::int32_t>& caption = pairs.captions.emplace_back();
    for (std::uint64_t w = 0; w < 9; ++w)
      caption.push_back(static_cast<std::int32_t>(kRandom.below(kWords, 9 * i + w)));
    pairs.clip_of.push_back(static_cast<std::int32_t>(i));
  }
  return pairs;
}

void tell_training(double bytes_a_second) {
  std::printf("a copy on the device: %.0f GB/s, read and written\n", bytes_a_second / 1e9);
  const Matrix vectors = random_matrix(kWords, kWordDim);
  const PairData pairs = random_pairs(kClips);
  const TrainOptions options;
  const EmbeddingShape shape{kWordDim, kDim, options.embd_dim, options.max_words};
  TrainState state;
  state.weights = initial_parameters(shape, 1);
  state.adam.mean = state.adam.variance = zero_parameters(shape);
  const ResidentPairs source(pairs, vectors, plan_training(options));
  DeviceTraining training(state, source, random_pairs(kValidationClips), vectors, options, 0);
  std::vector<StepPairs> batches;
  for (std::int64_t step = 0; step < source.steps(); ++step) batches.push_back(source.batch(1, step));
  const std::vector<double> rates(batches.size(), options.lr);
  const auto epoch = [&] {
    training.begin(batches, rates, 0);
    for (std::size_t i = 0; i < batches.size(); ++i) training.step();
    (void)training.loss_sum();
  };
  const auto first = Clock::now();
  epoch();
  std::printf("training: first epoch %.2f s, ", since(first));
  const double step_ms = 1e3 * seconds_of(1, epoch) / static_cast<double>(batches.size());
  double parameters = 0;
  for (const Linear& layer : state.weights)
    parameters += static_cast<double>(layer.weight.rows() * layer.weight.cols());
  // Forward reads each weight; backward reads those of both gates and of the text's fc again; Adam reads and
  // writes weights and two moments.
  const double bytes = 4 * (7 * parameters + 3 * static_cast<double>(kDim * kDim));
  const double floor_ms = 1e3 * bytes / bytes_a_second;
  std::printf(
      "then %.3f ms a step, %.1f s for 100 epochs; floor %.3f ms (%.2f GB at %.0f GB/s), ratio %.2f\n",
      step_ms, step_ms * 0.1 * static_cast<double>(batches.size()), floor_ms, bytes / 1e9,
      bytes_a_second / 1e9, step_ms / floor_ms);
  std::printf("validation of 1000 captions: %.4f s\n",
              seconds_of(1, [&] { (void)training.validation_ranks(); }));
}

/// What a step is made of, one after the other: in a step the towers go on side by side.
void tell_training_parts(double bytes_a_second) {
  constexpr std::int64_t kBatch = 32, kPlaces = 20;
  const at::TensorOptions here = at::TensorOptions(at::kCUDA).dtype(at::kFloat);
  const auto layer = [&](std::int64_t outputs, std::int64_t inputs) {  // weight, then bias, as they lie
    return at::rand({outputs * inputs + outputs}, here)
        .narrow(0, 0, outputs * inputs)
        .view({outputs, inputs});
  };
  const at::Tensor weight = layer(kDim, kDim), mean = layer(kDim, kDim), variance = layer(kDim, kDim);
  const at::Tensor x = at::rand({kBatch, kDim}, here), dy = at::rand({kBatch, kDim}, here),
                   bias = at::rand({kDim}, here);
  const at::Tensor pooling = layer(kDim, kWordDim), pooling_mean = layer(kDim, kWordDim),
                   pooling_variance = layer(kDim, kWordDim);
  const at::Tensor words = at::rand({kBatch * kPlaces, kWordDim}, here),
                   best_word = at::randint(kPlaces, {kBatch, kDim}, here.dtype(at::kInt));
  const at::Tensor rates = at::rand({2}, here), hidden = at::rand({kBatch, kPlaces, kDim}, here);
  const auto tell = [&](const char* what, double bytes, const std::function<void()>& work) {
    const double seconds = seconds_of(200, work);
    std::printf("  %-44s %6.1f us, floor %5.1f\n", what, 1e6 * seconds, 1e6 * bytes / bytes_a_second);
  };
  const double layer_bytes = 4.0 * kDim * kDim, pooling_bytes = 4.0 * kDim * kWordDim;
  const double hidden_bytes = 4.0 * kBatch * kPlaces * kDim;
  tell("a layer, forward", layer_bytes, [&] { (void)linear_forward(x, weight); });
  tell("the same by LibTorch", layer_bytes, [&] { (void)at::mm(x, weight.t()); });
  tell("a layer, back to its input", layer_bytes, [&] { (void)linear_backward(dy, weight); });
  tell("the same by LibTorch", layer_bytes, [&] { (void)at::mm(dy, weight); });
  tell("a layer's gradient and Adam", 6 * layer_bytes, [&] {
    adam(weight, mean, variance, {dy, x, {}}, rates);
  });
  tell("text pooling, forward", pooling_bytes + hidden_bytes, [&] { (void)linear_forward(words, pooling); });
  tell("text pooling, the largest word", hidden_bytes, [&] { (void)pool(hidden, bias); });
  tell("text pooling's gradient and Adam", 6 * pooling_bytes, [&] {
    adam(pooling, pooling_mean, pooling_variance, {dy, words, best_word}, rates);
  });
}

/// The same as `pipeline train` does it: epochs, a validation after each, the state saved now and then.
void tell_whole_training(int epochs) {
  const Matrix vectors = random_matrix(kWords, kWordDim);
  const PairData pairs = random_pairs(kClips), validation = random_pairs(kValidationClips);
  TrainOptions options;
  options.epochs = epochs;
  options.gpu = 0;
  const TempFolder folder;
  const auto start = Clock::now();
  (void)train(ResidentPairs(pairs, vectors, plan_training(options)), validation, vectors,
              plan_training(options), folder / "state", {});
  std::printf("training as a whole: %d epochs with a validation after each in %.1f s\n", epochs,
              since(start));
}

int main_of(const std::vector<std::string>& arguments) {
  int epochs = 0;
  std::string precisions = "fp16,bf16,tf32,fp32";
  int threads = usable_cores();
  std::vector<std::filesystem::path> files;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--precision" && i + 1 < arguments.size()) {
      precisions = arguments[++i];
    } else if (arguments[i] == "--epochs" && i + 1 < arguments.size()) {
      epochs = std::atoi(arguments[++i].c_str());
    } else if (arguments[i] == "--threads" && i + 1 < arguments.size()) {
      threads = std::max(1, std::atoi(arguments[++i].c_str()));
    } else {
      files.emplace_back(arguments[i]);
    }
  }
  if (gpu_count() == 0) {
    std::printf("skipped: %s\n", missing_for_gpu().c_str());
    return 77;
  }
  av_log_set_level(AV_LOG_ERROR);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    if (files.empty()) {
      const double bytes_a_second = copy_rate();
      tell_training(bytes_a_second);
      tell_training_parts(bytes_a_second);
      if (epochs > 0) tell_whole_training(epochs);
      std::istringstream list(precisions);
      for (std::string precision; std::getline(list, precision, ',');)
        tell_networks(kPrecisions.named("--precision", precision));
    } else {
      tell_opening(files.front());
      tell_decoding(files, threads);
    }
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "tvr_gpu_bench: %s\n", problem.what());
    return 1;
  }
}

}  // namespace
}  // namespace tvr::testing

int main(int argc, char** argv) { return tvr::testing::main_of({argv + 1, argv + argc}); }

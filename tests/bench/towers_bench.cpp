// Pictures a second of an image tower shaped as CLIP's ViT-B/32 or ViT-L/14, the share of the rate of matrix
// products that this is (oneDNN's, with packed weights, of the tower's own largest product, in turns with the
// tower), and milliseconds a sentence. Rates are by the threads' processor time, so that other programs on
// the machine hardly matter; a sentence with several threads is by the clock, the fastest.
//   tvr_towers_bench [b32|l14|tiny=tiny] [ROUNDS=1] [WORKERS=1]
#include <omp.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "data/splitmix64.h"
#include "towers/dense.h"
#include "towers/image_tower.h"
#include "towers/onednn.h"
#include "towers/text_tower.h"
#include "towers/tower_weights.h"
#include "towers/transformer.h"

namespace tvr {
namespace {

/// Uniform in +-1 / sqrt(in), so that values stay of one size from layer to layer.
std::vector<float> random_values(std::size_t count, float scale) {
  static std::uint64_t state = 1;
  std::vector<float> values(count);
  for (float& value : values) {
    const auto bits = static_cast<float>(splitmix64(state += kSplitMix64Step) >> 40U);
    value = (bits / static_cast<float>(1U << 23U) - 1) * scale;
  }
  return values;
}

DenseWeights random_dense(int in, int out) {
  const auto values = static_cast<std::size_t>(in) * static_cast<std::size_t>(out);
  return {in, out, random_values(values, 1.7F / std::sqrt(static_cast<float>(in))),
          random_values(static_cast<std::size_t>(out), 0.1F)};
}

NormWeights plain_norm(int width) {
  return {std::vector<float>(static_cast<std::size_t>(width), 1.0F),
          std::vector<float>(static_cast<std::size_t>(width), 0.0F)};
}

std::vector<BlockWeights> random_blocks(const TransformerShape& shape) {
  std::vector<BlockWeights> blocks;
  for (int layer = 0; layer < shape.layers; ++layer) {
    blocks.push_back({plain_norm(shape.width), random_dense(shape.width, 3 * shape.width),
                      random_dense(shape.width, shape.width), plain_norm(shape.width),
                      random_dense(shape.width, shape.mlp_width),
                      random_dense(shape.mlp_width, shape.width)});
  }
  return blocks;
}

EncoderSpec spec_of(const std::string& name) {
  EncoderSpec spec;
  spec.family = "CLIP";
  const bool large = name == "l14", tiny = name == "tiny";
  spec.dim = large ? 768 : 512;
  spec.image.transformer = {large ? 1024 : 768,  large ? 24 : (tiny ? 1 : 12), large ? 16 : 12,
                            large ? 4096 : 3072, Activation::QuickGelu,        1e-5F};
  spec.image.picture_px = 224;
  spec.image.patch_px = large ? 14 : 32;
  spec.image.class_token = spec.image.norm_before = true;
  spec.text.transformer = {large ? 768 : 512,   tiny ? 1 : 12,         large ? 12 : 8,
                           large ? 3072 : 2048, Activation::QuickGelu, 1e-5F};
  spec.text.vocabulary = 49408;
  spec.text.context_length = 77;
  spec.preprocessing.std = {1, 1, 1};
  return spec;
}

ImageTowerWeights image_weights(const EncoderSpec& spec) {
  const ImageTowerShape& shape = spec.image;
  const int width = shape.transformer.width;
  ImageTowerWeights weights;
  weights.patches = random_dense(3 * shape.patch_px * shape.patch_px, width);
  weights.patches.bias.clear();
  weights.class_token = random_values(static_cast<std::size_t>(width), 1);
  weights.positions = random_values(static_cast<std::size_t>(shape.rows() * width), 1);
  weights.norm_before = plain_norm(width);
  weights.blocks = random_blocks(shape.transformer);
  weights.norm_after = plain_norm(width);
  weights.projection = random_dense(width, spec.dim);
  return weights;
}

TextTowerWeights text_weights(const EncoderSpec& spec) {
  const int width = spec.text.transformer.width;
  TextTowerWeights weights;
  weights.tokens = random_values(static_cast<std::size_t>(spec.text.vocabulary * width), 1);
  weights.positions = random_values(static_cast<std::size_t>(spec.text.context_length * width), 1);
  weights.blocks = random_blocks(spec.text.transformer);
  weights.norm_after = plain_norm(width);
  weights.projection = random_dense(width, spec.dim);
  return weights;
}

/// Multiply-adds count twice; of all rows in all layers, whether or not they are computed.
double operations_of(const ImageTowerShape& shape, int dim) {
  const double width = shape.transformer.width, rows = shape.rows();
  const double block = 4 * width * width + 2 * width * shape.transformer.mlp_width + 2 * rows * width;
  return 2 * (rows * block * shape.transformer.layers +
              (rows - 1) * 3 * shape.patch_px * shape.patch_px * width + width * dim);
}

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Times a second, for at least `least` seconds.
double rate_of(const std::function<void()>& work, double least) {
  const double start = thread_seconds();
  int times = 0;
  do {
    work();
    ++times;
  } while (thread_seconds() - start < least);
  return times / (thread_seconds() - start);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Rates {
  std::vector<double> pictures, products;  // a second
};

Rates work(const ImageTower& tower, const EncoderSpec& spec, const PackedDense& packed, Precision precision,
           int batch, int rounds) {
  omp_set_num_threads(1);
  const auto bytes = static_cast<std::size_t>(spec.image.picture_px * spec.image.picture_px * 3);
  std::vector<std::uint8_t> pixels(bytes);
  for (std::size_t i = 0; i < bytes; ++i) pixels[i] = static_cast<std::uint8_t>(i * 7919 >> 3U);
  const std::vector<const std::uint8_t*> pictures(static_cast<std::size_t>(batch), pixels.data());
  constexpr int kRows = 1600;
  const auto type = type_of(precision);
  Buffer x(kRows, packed.in(), type), y(kRows, packed.out(), type);
  const DenseProduct product(packed, kRows, type, After::Nothing);
  dnnl::stream stream(packed.weight().get_engine());
  const double operations = 2.0 * kRows * packed.in() * packed.out();
  Rates rates;
  const double least = rounds > 1 ? 0.4 : 0.01;
  (void)tower.embed(pictures);
  for (int round = 0; round < rounds; ++round) {
    rates.products.push_back(operations *
                             rate_of([&] { product.run(stream, packed, x.data(), y.data()); }, least));
    rates.pictures.push_back(batch * rate_of([&] { (void)tower.embed(pictures); }, least));
  }
  return rates;
}

void bench_pictures(const EncoderSpec& spec, const ImageTowerWeights& weights, Precision precision,
                    int rounds, int workers) {
  const ImageTower tower(spec, weights, precision);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  omp_set_num_threads(1);
  WeightMemory memory;
  const PackedDense packed(weights.blocks.front().up, type_of(precision), engine, memory);
  const double operations = operations_of(spec.image, spec.dim);
  for (const int batch : {1, 8, 32}) {
    std::vector<Rates> all(static_cast<std::size_t>(workers));
    std::vector<std::thread> threads;
    for (Rates& rates : all)
      threads.emplace_back([&] { rates = work(tower, spec, packed, precision, batch, rounds); });
    for (std::thread& thread : threads) thread.join();
    double pictures = 0, products = 0;
    std::vector<double> shares;
    for (const Rates& rates : all) {
      pictures += median(rates.pictures);
      products += median(rates.products);
      for (std::size_t i = 0; i < rates.pictures.size(); ++i)
        shares.push_back(rates.pictures[i] * operations / rates.products[i]);
    }
    std::printf("%s, %d worker(s), batch %2d: %7.2f pictures/s, %6.1f of %6.1f GFLOP/s, share %.2f\n",
                kPrecisions.name(precision), workers, batch, pictures, pictures * operations / 1e9,
                products / 1e9, median(shares));
  }
}

void bench_sentence(const EncoderSpec& spec, const TextTowerWeights& weights, Precision precision,
                    int rounds) {
  constexpr int kTokens = 21;
  std::vector<std::int32_t> ids(kTokens, 320);
  ids.back() = spec.text.vocabulary - 1;
  for (const int threads : {1, 2}) {
    const TextTower tower(spec, weights, precision, threads);
    (void)tower.embed({ids});
    double fastest = 1e9, processor = 1e9;
    for (int round = 0; round < 10 * rounds; ++round) {
      const auto start = std::chrono::steady_clock::now();
      const double begin = thread_seconds();
      (void)tower.embed({ids});
      processor = std::min(processor, thread_seconds() - begin);
      const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
      fastest = std::min(fastest, wall.count());
    }
    std::printf("%s, a sentence of %d tokens, %d thread(s): %.2f ms, of one thread's processor time %.2f\n",
                kPrecisions.name(precision), kTokens, threads, 1e3 * fastest, 1e3 * processor);
  }
}

int run(int count, char** arguments) {
  const std::string name = count > 1 ? arguments[1] : "tiny";
  const int rounds = count > 2 ? std::max(1, std::atoi(arguments[2])) : 1;
  const int workers = count > 3 ? std::max(1, std::atoi(arguments[3])) : 1;
  const EncoderSpec spec = spec_of(name);
  std::printf("%s: %.1f GFLOP a picture, kernels %s\n", name.c_str(),
              operations_of(spec.image, spec.dim) / 1e9, tower_kernels().name);
  const ImageTowerWeights image = image_weights(spec);
  const TextTowerWeights text = text_weights(spec);
  for (const Precision precision : {Precision::Fp32, Precision::Bf16}) {
    if (precision == Precision::Bf16 && !onednn::has_bf16()) continue;
    bench_pictures(spec, image, precision, rounds, workers);
    bench_sentence(spec, text, precision, rounds);
  }
  return 0;
}

}  // namespace
}  // namespace tvr

int main(int count, char** arguments) { return tvr::run(count, arguments); }

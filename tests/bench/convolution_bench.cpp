// The convolutions of extract/avx512 against oneDNN's on the layers of ResNet-152 (a frame of 320x240, made
// 298x224) and ResNeXt-101 (16 frames of 112x112), one thread, in turns; each layer with as many different
// weights as the network has blocks, so that they do not stay in a cache. Exit code 77 without AVX-512.
//   tvr_convolution_bench [ROUNDS=1]
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "extract/avx512/convolution.h"
#include "extract/onednn.h"

namespace tvr {
namespace {

using Memory = dnnl::memory;

struct Layer {
  const char* name;
  Memory::dims source;  // clips, channels, (frames,) height, width
  int out, kernel, groups, blocks;
};

const Layer kLayers[] = {
    {"ResNet-152 layer1 3x3", {1, 64, 56, 75}, 64, 3, 1, 3},
    {"ResNet-152 layer2 3x3", {1, 128, 28, 38}, 128, 3, 1, 7},
    {"ResNet-152 layer3 3x3", {1, 256, 14, 19}, 256, 3, 1, 35},
    {"ResNet-152 layer2 1x1 down", {1, 512, 28, 38}, 128, 1, 1, 7},
    {"ResNet-152 layer3 1x1 down", {1, 1024, 14, 19}, 256, 1, 1, 35},
    {"ResNet-152 layer3 1x1 up", {1, 256, 14, 19}, 1024, 1, 1, 36},
    {"ResNeXt-101 layer1 in groups", {1, 128, 8, 28, 28}, 128, 3, 32, 3},
    {"ResNeXt-101 layer2 in groups", {1, 256, 4, 14, 14}, 256, 3, 32, 3},
    {"ResNeXt-101 layer3 1x1 down", {1, 1024, 2, 7, 7}, 512, 1, 1, 22},
    {"ResNeXt-101 layer3 1x1 up", {1, 512, 2, 7, 7}, 1024, 1, 1, 23},
    {"ResNeXt-101 layer4 1x1 up", {1, 1024, 1, 4, 4}, 2048, 1, 1, 3},
};

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Small numbers that do not grow from layer to layer.
Memory filled(const Memory::desc& layout, const dnnl::engine& engine) {
  Memory memory(layout, engine);
  auto* const values = static_cast<float*>(memory.get_data_handle());
  for (std::size_t i = 0; i < layout.get_size() / sizeof(float); ++i) {
    values[i] = static_cast<float>(static_cast<int>(i % 7) - 3) / 64;
  }
  return memory;
}

float* floats(const Memory& memory) { return static_cast<float*>(memory.get_data_handle()); }

class Bench {
 public:
  explicit Bench(const Layer& layer) : layer_(layer) {
    result_dims_ = layer.source;
    result_dims_[1] = layer.out;
    source_ = filled({layer.source, Memory::data_type::f32, tag()}, engine_);
    result_ = filled({result_dims_, Memory::data_type::f32, tag()}, engine_);
    bias_ = filled({{layer.out}, Memory::data_type::f32, Memory::format_tag::a}, engine_);
  }

  void operator()(int rounds) {
    const std::function<void(std::size_t)> ours = own(), theirs = library();
    std::vector<double> own_ms, library_ms;
    for (int round = 0; round <= rounds; ++round) {  // the first warms up
      const auto all = [&](const std::function<void(std::size_t)>& convolve) {
        for (int block = 0; block < layer_.blocks; ++block) convolve(static_cast<std::size_t>(block));
      };
      own_ms.push_back(milliseconds([&] { all(ours); }) / layer_.blocks);
      library_ms.push_back(milliseconds([&] { all(theirs); }) / layer_.blocks);
    }
    const double fastest = *std::min_element(own_ms.begin(), own_ms.end());
    const double library_fastest = *std::min_element(library_ms.begin(), library_ms.end());
    std::printf("%-30s %7.3f ms, oneDNN %7.3f ms (%.2f times)\n", layer_.name, fastest, library_fastest,
                library_fastest / fastest);
  }

 private:
  [[nodiscard]] bool in_3d() const { return layer_.source.size() == 5; }
  [[nodiscard]] Memory::format_tag tag() const {
    return in_3d() ? Memory::format_tag::nCdhw16c : Memory::format_tag::nChw16c;
  }
  [[nodiscard]] int size(std::size_t from_last) const {
    return static_cast<int>(layer_.source[layer_.source.size() - 1 - from_last]);
  }

  std::function<void(std::size_t)> own() {
    const int in = static_cast<int>(layer_.source[1]);
    if (layer_.groups > 1)
      return with(avx512::Grouped{in, in / layer_.groups, size(2), size(1), size(0)},
                  27 * in / layer_.groups * in);
    if (layer_.kernel == 3)
      return with(avx512::Winograd{in, layer_.out, size(1), size(0)},
                  avx512::kWinogradTerms * in * layer_.out);
    return with(avx512::Pointwise{in, layer_.out, in_3d() ? size(2) : 1, size(1), size(0), 1, 1},
                in * layer_.out);
  }

  template <class Shape>
  std::function<void(std::size_t)> with(const Shape& shape, int panel_floats) {
    for (int block = 0; block < layer_.blocks; ++block) {
      panels_.push_back(filled({{panel_floats}, Memory::data_type::f32, Memory::format_tag::a}, engine_));
    }
    const auto scratch_floats =
        static_cast<Memory::dim>(std::max<std::size_t>(1, avx512::scratch_floats(shape)));
    scratch_ = filled({{scratch_floats}, Memory::data_type::f32, Memory::format_tag::a}, engine_);
    return [this, shape](std::size_t block) {
      avx512::convolve(shape, floats(source_), floats(panels_[block]), {floats(bias_), false, true},
                       floats(result_), floats(scratch_));
    };
  }

  /// With the layouts that it likes best.
  std::function<void(std::size_t)> library() {
    const int in = static_cast<int>(layer_.source[1]) / layer_.groups;
    const std::size_t axes = layer_.source.size() - 2;
    Memory::dims weights = {layer_.out, in};
    if (layer_.groups > 1) weights = {layer_.groups, layer_.out / layer_.groups, in};
    weights.insert(weights.end(), axes, layer_.kernel);
    dnnl::post_ops operations;
    onednn::append_relu(operations);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(operations);
    constexpr auto kAny = Memory::format_tag::any;
    const auto described = onednn::convolution(
        engine_, {layer_.source, Memory::data_type::f32, kAny}, {weights, Memory::data_type::f32, kAny},
        bias_.get_desc(), {result_dims_, Memory::data_type::f32, kAny}, Memory::dims(axes, 1),
        Memory::dims(axes, layer_.kernel / 2), attributes);
    for (int block = 0; block < layer_.blocks; ++block)
      weights_.push_back(filled(described.weights_desc(), engine_));
    const Memory from = filled(described.src_desc(), engine_), to = filled(described.dst_desc(), engine_);
    const dnnl::convolution_forward convolution(described);
    return [this, convolution, from, to](std::size_t block) {
      convolution.execute(stream_, {{DNNL_ARG_SRC, from},
                                    {DNNL_ARG_WEIGHTS, weights_[block]},
                                    {DNNL_ARG_BIAS, bias_},
                                    {DNNL_ARG_DST, to}});
      stream_.wait();
    };
  }

  const Layer& layer_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  Memory::dims result_dims_;
  Memory source_, result_, bias_, scratch_;
  std::vector<Memory> panels_, weights_;
};

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  if (tvr::onednn::vector_floats() != tvr::avx512::kBlock) {
    std::printf("skipped: this processor has no AVX-512\n");
    return 77;
  }
  omp_set_num_threads(1);
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  for (const tvr::Layer& layer : tvr::kLayers) tvr::Bench{layer}(rounds);
}

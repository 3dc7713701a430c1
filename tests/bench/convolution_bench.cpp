// The convolutions of extract/networks/avx512 (fp32) and extract/networks/bf16 against oneDNN's on the layers
// of ResNet-152 (a frame of 320x240, made 298x224) and ResNeXt-101 (16 frames of 112x112), one thread, in
// turns; each layer with as many different weights as the network has blocks, so that they do not stay in a
// cache. Of AMX the median tells more than the fastest: while another hardware thread uses the same core,
// kernels that use all its tile registers are several times slower. Exit code 77 without AVX-512.
//   tvr_convolution_bench [ROUNDS=1]
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#include "extract/networks/avx512/convolution.h"
#include "extract/networks/avx512/stem.h"
#include "extract/networks/bf16/convolution.h"
#include "towers/onednn.h"

namespace tvr {
namespace {

using Memory = dnnl::memory;

struct Layer {
  const char* name;
  Memory::dims source;  // clips, channels, (frames,) height, width
  int out, kernel, groups, blocks;
  [[nodiscard]] bool is_first() const { return source[1] == avx512::kStemColors; }
};

const Layer kFp32Layers[] = {
    {"ResNeXt-101 first 7x7x7", {1, 3, 16, 112, 112}, 64, 7, 1, 1},
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

// oneDNN and AMX get groups joined to 32 channels, as CpuWeights does; oneDNN also the first layer's source
// unfolded (networks/unfold.h), which is not timed.
const Layer kBf16Layers[] = {
    {"ResNet-152 first 7x7", {1, 3, 224, 298}, 64, 7, 1, 1},
    {"ResNeXt-101 first 7x7x7", {1, 3, 16, 112, 112}, 64, 7, 1, 1},
    {"ResNet-152 layer1 1x1 up", {1, 64, 56, 75}, 256, 1, 1, 3},
    {"ResNet-152 layer2 3x3", {1, 128, 28, 38}, 128, 3, 1, 7},
    {"ResNet-152 layer3 3x3", {1, 256, 14, 19}, 256, 3, 1, 35},
    {"ResNet-152 layer3 1x1 down", {1, 1024, 14, 19}, 256, 1, 1, 35},
    {"ResNet-152 layer3 1x1 up", {1, 256, 14, 19}, 1024, 1, 1, 36},
    {"ResNeXt-101 layer1 in groups", {1, 128, 8, 28, 28}, 128, 3, 32, 3},
    {"ResNeXt-101 layer2 in groups", {1, 256, 4, 14, 14}, 256, 3, 32, 3},
    {"ResNeXt-101 layer3 in groups", {1, 512, 2, 7, 7}, 512, 3, 32, 22},
    {"ResNeXt-101 layer3 1x1 down", {1, 1024, 2, 7, 7}, 512, 1, 1, 22},
    {"ResNeXt-101 layer3 1x1 up", {1, 512, 2, 7, 7}, 1024, 1, 1, 23},
};

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Small numbers that do not grow from layer to layer.
Memory filled(const Memory::desc& layout, const dnnl::engine& engine) {
  Memory memory(layout, engine);
  const bool wide = onednn::type_of(layout) == Memory::data_type::f32;
  auto* const bytes = static_cast<unsigned char*>(memory.get_data_handle());
  const std::size_t size = wide ? sizeof(float) : sizeof(bf16::Bf16);
  for (std::size_t i = 0; i < layout.get_size() / size; ++i) {
    const float value = static_cast<float>(static_cast<int>(i % 7) - 3) / 64;  // exact in bf16
    const auto* const upper = reinterpret_cast<const unsigned char*>(&value) + sizeof(float) - size;
    std::memcpy(bytes + i * size, upper, size);
  }
  return memory;
}

template <class T>
T* values(const Memory& memory) {
  return static_cast<T*>(memory.get_data_handle());
}

using Convolve = std::function<void(std::size_t block)>;

/// Milliseconds a convolution.
struct Times {
  std::vector<double> all;
  void add(const Layer& layer, const Convolve& convolve) {
    all.push_back(milliseconds([&] {
                    for (int block = 0; block < layer.blocks; ++block)
                      convolve(static_cast<std::size_t>(block));
                  }) /
                  layer.blocks);
  }
  [[nodiscard]] double at(double share) {
    std::sort(all.begin(), all.end());
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  }
};

class Bench {
 public:
  Bench(const Layer& layer, Memory::data_type type) : layer_(layer), type_(type) {
    result_dims_ = layer.source;
    result_dims_[1] = layer.out;
    stride_.assign(layer.source.size() - 2, 1);
    if (layer.is_first()) {  // strides (1,) 2, 2
      for (std::size_t axis = stride_.size() - 2; axis < stride_.size(); ++axis) {
        stride_[axis] = 2;
        result_dims_[axis + 2] = (result_dims_[axis + 2] - 1) / 2 + 1;
      }
    }
    // The network's input is plain planes of floats.
    source_ = layer.is_first() ? filled({layer.source, Memory::data_type::f32, plain_tag()}, engine_)
                               : filled({layer.source, type, tag()}, engine_);
    result_ = filled({result_dims_, type, tag()}, engine_);
    bias_ = filled({{layer.out}, Memory::data_type::f32, Memory::format_tag::a}, engine_);
  }

  void operator()(int rounds) {
    const Convolve ours = type_ == Memory::data_type::bf16 ? own_bf16() : own_floats(), theirs = library();
    ours(0);
    theirs(0);
    Times own, others;
    for (int round = 0; round < rounds; ++round) {
      own.add(layer_, ours);
      others.add(layer_, theirs);
    }
    std::printf(
        "%-30s fastest %6.3f ms, oneDNN %6.3f (%.2f times); median %6.3f, oneDNN %6.3f (%.2f times)\n",
        layer_.name, own.at(0), others.at(0), others.at(0) / own.at(0), own.at(0.5), others.at(0.5),
        others.at(0.5) / own.at(0.5));
  }

 private:
  [[nodiscard]] bool in_3d() const { return layer_.source.size() == 5; }
  [[nodiscard]] Memory::format_tag tag() const {
    using Tag = Memory::format_tag;
    if (type_ == Memory::data_type::bf16) return in_3d() ? Tag::ndhwc : Tag::nhwc;
    return in_3d() ? Tag::nCdhw16c : Tag::nChw16c;
  }
  [[nodiscard]] Memory::format_tag plain_tag() const {
    return in_3d() ? Memory::format_tag::ncdhw : Memory::format_tag::nchw;
  }
  [[nodiscard]] int size(std::size_t from_last) const {
    return static_cast<int>(layer_.source[layer_.source.size() - 1 - from_last]);
  }
  [[nodiscard]] int frames() const { return in_3d() ? size(2) : 1; }
  [[nodiscard]] int in() const { return static_cast<int>(layer_.source[1]); }

  [[nodiscard]] int joined_groups() const {
    return type_ == Memory::data_type::bf16 && layer_.groups > 1 ? in() / bf16::kDepth : layer_.groups;
  }

  Convolve own_bf16() {
    if (layer_.groups > 1 && !onednn::has_amx()) {
      const bf16::SmallGroups shape{in(), in() / layer_.groups, {frames(), size(1), size(0)}};
      keep(bf16::panel_values(shape), bf16::scratch_bytes(shape));
      return running(shape);
    }
    bf16::Convolution shape;
    shape.in = in();
    shape.out = layer_.out;
    shape.unit = onednn::has_amx() ? bf16::Unit::Tiles : bf16::Unit::Vectors;
    shape.groups = joined_groups();
    shape.source = {frames(), size(1), size(0)};
    shape.kernel = {in_3d() ? layer_.kernel : 1, layer_.kernel, layer_.kernel};
    if (layer_.is_first()) shape.stride = {1, 2, 2};
    shape.padding = {shape.kernel.t / 2, shape.kernel.y / 2, shape.kernel.x / 2};
    keep(bf16::panel_values(shape), bf16::scratch_bytes(shape));
    return running(shape);
  }

  template <class Shape>
  Convolve running(const Shape& shape) {
    return [this, shape](std::size_t block) {
      bf16::convolve(shape, values<void>(source_), values<bf16::Bf16>(panels_[block]),
                     {values<float>(bias_), false, true}, values<bf16::Bf16>(result_),
                     values<void>(scratch_));
    };
  }

  Convolve own_floats() {
    if (layer_.is_first())
      return with(avx512::Stem{layer_.out, size(2), size(1), size(0)},
                  avx512::kStemTerms * in() * 49 * layer_.out);
    if (layer_.groups > 1)
      return with(avx512::Grouped{in(), in() / layer_.groups, size(2), size(1), size(0)},
                  27 * in() / layer_.groups * in());
    if (layer_.kernel == 3)
      return with(avx512::Winograd{in(), layer_.out, size(1), size(0)},
                  avx512::kWinogradTerms * in() * layer_.out);
    return with(avx512::Pointwise{in(), layer_.out, frames(), size(1), size(0), 1, 1}, in() * layer_.out);
  }

  template <class Shape>
  Convolve with(const Shape& shape, int panel_floats) {
    keep(static_cast<std::size_t>(panel_floats), avx512::scratch_floats(shape) * sizeof(float));
    return [this, shape](std::size_t block) {
      avx512::convolve(shape, values<float>(source_), values<float>(panels_[block]),
                       {values<float>(bias_), false, true}, values<float>(result_), values<float>(scratch_));
    };
  }

  void keep(std::size_t panel_values, std::size_t scratch_bytes) {
    for (int block = 0; block < layer_.blocks; ++block) {
      panels_.push_back(
          filled({{static_cast<Memory::dim>(panel_values)}, type_, Memory::format_tag::a}, engine_));
    }
    scratch_ = Memory({{static_cast<Memory::dim>(std::max<std::size_t>(1, scratch_bytes))},
                       Memory::data_type::u8,
                       Memory::format_tag::a},
                      engine_);
  }

  /// With the layouts that it likes best; bf16 channels last, as the network has them.
  Convolve library() {
    const std::size_t axes = layer_.source.size() - 2;
    const int groups = joined_groups();
    Memory::dims source = layer_.source, stride = stride_, padding(axes, layer_.kernel / 2);
    Memory::dims weights = {layer_.out, in() / groups};
    if (groups > 1) weights = {groups, layer_.out / groups, in() / groups};
    weights.insert(weights.end(), axes, layer_.kernel);
    const bool unfolds = layer_.is_first() && type_ == Memory::data_type::bf16;
    if (unfolds) {
      source[1] = weights[1] = (bf16::kColors * layer_.kernel + 7) / 8 * 8;
      source.back() = result_dims_.back();
      weights.back() = stride.back() = 1;
      padding.back() = 0;
    }
    dnnl::post_ops operations;
    onednn::append_relu(operations);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(operations);
    constexpr auto kAny = Memory::format_tag::any;
    const auto laid = type_ == Memory::data_type::bf16 ? tag() : kAny;
    const auto source_laid = layer_.is_first() && !unfolds ? plain_tag() : laid;
    const auto described =
        onednn::convolution(engine_, {source, type_, source_laid}, {weights, type_, kAny}, bias_.get_desc(),
                            {result_dims_, type_, laid}, stride, padding, attributes);
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
  Memory::data_type type_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  Memory::dims result_dims_, stride_;
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
  std::printf("fp32\n");
  for (const tvr::Layer& layer : tvr::kFp32Layers) tvr::Bench{layer, dnnl::memory::data_type::f32}(rounds);
  if (tvr::onednn::has_amx() ? !tvr::bf16::request_tiles() : !tvr::onednn::has_bf16()) {
    std::printf("bf16 skipped: this processor has neither AMX nor AVX512_BF16\n");
    return 0;
  }
  std::printf("bf16 by %s\n", tvr::onednn::has_amx() ? "AMX" : "AVX512_BF16");
  for (const tvr::Layer& layer : tvr::kBf16Layers) tvr::Bench{layer, dnnl::memory::data_type::bf16}(rounds);
}

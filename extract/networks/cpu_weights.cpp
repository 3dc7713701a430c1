#include "extract/networks/cpu_weights.h"

#include <algorithm>
#include <cmath>

#include "extract/networks/avx512/convolution.h"
#include "extract/networks/avx512/stem.h"
#include "extract/networks/bf16/convolution.h"
#include "extract/networks/rounded.h"
#include "extract/networks/unfold.h"
#include "towers/onednn.h"

namespace tvr {
namespace {

using Memory = dnnl::memory;

/// Row-major strides: a plain layout that needs no format tag per rank.
Memory::dims dense_strides(const Memory::dims& dims) {
  Memory::dims strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i > 1; --i) strides[i - 2] = strides[i - 1] * dims[i - 1];
  return strides;
}

/// norm(conv(x)) = conv'(x) + bias, with weights scaled by gamma / sqrt(var + eps); eps is
/// torch.nn.BatchNorm's default.
struct Folded {
  std::vector<float> weights, bias;
};

/// Identity convolution; additional output channels are zero.
Folded copied_channels(const NetworkStep& step) {
  const auto in = static_cast<std::size_t>(step.in_channels),
             out = static_cast<std::size_t>(step.out_channels);
  Folded folded{std::vector<float>(out * in), std::vector<float>(out)};
  for (std::size_t channel = 0; channel < std::min(in, out); ++channel) {
    folded.weights[channel * in + channel] = 1;
  }
  return folded;
}

Folded fold(const NetworkStep& step, const NamedTensors& tensors) {
  if (step.convolution.empty()) return copied_channels(step);
  constexpr double kEps = 1e-5;
  const auto values = [&](const std::string& name) { return find(tensors, name)->to_floats(); };
  Folded folded{values(step.convolution + ".weight"), {}};
  const std::vector<float> gamma = values(step.norm + ".weight"), beta = values(step.norm + ".bias");
  const std::vector<float> mean = values(step.norm + ".running_mean"),
                           var = values(step.norm + ".running_var");
  const std::size_t per_channel = folded.weights.size() / gamma.size();
  for (std::size_t channel = 0; channel < gamma.size(); ++channel) {
    const double scale = gamma[channel] / std::sqrt(static_cast<double>(var[channel]) + kEps);
    for (std::size_t i = channel * per_channel; i < (channel + 1) * per_channel; ++i) {
      folded.weights[i] = static_cast<float>(folded.weights[i] * scale);
    }
    folded.bias.push_back(static_cast<float>(beta[channel] - mean[channel] * scale));
  }
  return folded;
}

/// Groups with few channels leave a kernel's vectors or tiles mostly empty. Neighbouring groups are merged
/// until each reads as many channels as an AMX tile row or a float vector holds, with zero weights between
/// channels of different groups. This multiplies more but is faster: in bf16 several times; in f32 because no
/// reorder to kernels with blocks of four or eight channels is needed.
int joined_groups(const NetworkStep& step, Memory::data_type type) {
  constexpr int kTileChannels = 32;
  const int wanted = type == Memory::data_type::bf16 ? kTileChannels : onednn::vector_floats();
  int groups = step.groups;
  while (groups % 2 == 0 && step.in_channels / groups < wanted) groups /= 2;
  return groups;
}

/// values [out, in / step.groups, kernel] as [out, in / groups, kernel].
std::vector<float> join_groups(const std::vector<float>& values, const NetworkStep& step, int groups) {
  const auto of = [](int value) { return static_cast<std::size_t>(value); };
  const std::size_t row = values.size() / of(step.out_channels);
  const std::size_t joined = of(step.groups / groups);
  std::vector<float> wide(values.size() * joined);
  for (std::size_t channel = 0; channel < of(step.out_channels); ++channel) {
    const std::size_t group = channel / of(step.out_channels / step.groups);
    std::copy_n(&values[channel * row], row, &wide[channel * row * joined + group % joined * row]);
  }
  return wide;
}

Memory copy_of(const std::vector<float>& values, const Memory::dims& dims, const dnnl::engine& engine) {
  Memory memory({dims, Memory::data_type::f32, dense_strides(dims)}, engine);
  std::copy(values.begin(), values.end(), static_cast<float*>(memory.get_data_handle()));
  return memory;
}

/// The same in bf16, half as large.
Memory rounded_copy_of(const std::vector<float>& values, const Memory::dims& dims,
                       const dnnl::engine& engine) {
  Memory memory({dims, Memory::data_type::bf16, dense_strides(dims)}, engine);
  std::transform(values.begin(), values.end(), static_cast<bf16::Bf16*>(memory.get_data_handle()),
                 rounded_to_bf16);
  return memory;
}

bool has_tiles() { return onednn::has_amx() && bf16::request_tiles(); }

/// The kernel of networks/bf16 for the step, whose groups are merged as far as `groups`. By AVX512_BF16 it
/// takes what oneDNN does not do well: a first convolution's three channels and small groups.
CpuWeights::Kernel bf16_kernel_for(const NetworkStep& step, int groups, bool first, bool tiles) {
  using Box = std::array<int, 3>;
  const bool reads_colors =
      first && step.in_channels == bf16::kColors && step.groups == 1 && step.kernel[2] <= bf16::kMostColumns;
  const bool whole_panels = step.out_channels / groups % bf16::kPanel == 0;
  const bool whole_steps = step.in_channels / groups % bf16::kDepth == 0;
  if (whole_panels && (reads_colors || (tiles && whole_steps))) return CpuWeights::Kernel::Bf16;
  const int group = step.in_channels / step.groups;
  if (!tiles && (group == 4 || group == 8 || group == 16) && step.in_channels == step.out_channels &&
      step.in_channels % bf16::kBlock == 0 && step.kernel == Box{3, 3, 3} && step.padding == Box{1, 1, 1} &&
      step.stride == Box{1, 1, 1})
    return CpuWeights::Kernel::Bf16Grouped;
  return CpuWeights::Kernel::Library;
}

/// For steps that networks/avx512 supports. 3 x 3 with more channels stays with oneDNN: its inputs are so
/// small that reading 16 / 9 times the weights costs more than the saved arithmetic.
CpuWeights::Kernel kernel_for(const NetworkStep& step) {
  using Box = std::array<int, 3>;
  constexpr int kMostWinogradWeights = 256 * 256;
  const bool in_blocks = step.in_channels % avx512::kBlock == 0 && step.out_channels % avx512::kPanel == 0;
  const bool one_stride = step.stride == Box{1, 1, 1};
  constexpr int kSeven = avx512::kStemKernel;
  if (step.in_channels == avx512::kStemColors && step.out_channels % avx512::kPanel == 0 &&
      step.kernel == Box{kSeven, kSeven, kSeven} && step.stride == Box{1, 2, 2} &&
      step.padding == Box{3, 3, 3}) {
    return CpuWeights::Kernel::Stem;
  }
  if (!in_blocks) return CpuWeights::Kernel::Library;
  if (step.groups == 1 && step.kernel == Box{1, 1, 1} && step.padding == Box{0, 0, 0} &&
      step.stride[1] == step.stride[2]) {
    return CpuWeights::Kernel::Pointwise;
  }
  if (step.groups == 1 && step.kernel == Box{1, 3, 3} && step.padding == Box{0, 1, 1} && one_stride &&
      step.in_channels * step.out_channels <= kMostWinogradWeights) {
    return CpuWeights::Kernel::Winograd;
  }
  const int group = step.in_channels / step.groups;
  if ((group == 4 || group == 8) && step.in_channels == step.out_channels && step.kernel == Box{3, 3, 3} &&
      step.padding == Box{1, 1, 1} && one_stride) {
    return CpuWeights::Kernel::Grouped;
  }
  return CpuWeights::Kernel::Library;
}

template <class Shape>
Memory bf16_panels_of(const std::vector<float>& weights, const Shape& shape, const dnnl::engine& engine) {
  Memory panels(
      {{static_cast<Memory::dim>(bf16::panel_values(shape))}, Memory::data_type::bf16, Memory::format_tag::a},
      engine);
  bf16::pack(shape, weights.data(), static_cast<bf16::Bf16*>(panels.get_data_handle()));
  return panels;
}

Memory panels_of(const std::vector<float>& weights, const NetworkStep& step, CpuWeights::Kernel kernel,
                 const dnnl::engine& engine) {
  std::size_t count = weights.size();
  if (kernel == CpuWeights::Kernel::Winograd) {
    count = avx512::kWinogradTerms * weights.size() / (step.kernel[1] * step.kernel[2]);
  } else if (kernel == CpuWeights::Kernel::Stem) {
    count = avx512::kStemTerms * weights.size() / avx512::kStemKernel;
  }
  Memory panels({{static_cast<Memory::dim>(count)}, Memory::data_type::f32, Memory::format_tag::a}, engine);
  auto* const to = static_cast<float*>(panels.get_data_handle());
  if (kernel == CpuWeights::Kernel::Stem) {
    avx512::pack_stem(weights.data(), step.out_channels, to);
  } else if (kernel == CpuWeights::Kernel::Winograd) {
    avx512::pack_winograd(weights.data(), step.in_channels, step.out_channels, to);
  } else if (kernel == CpuWeights::Kernel::Grouped) {
    avx512::pack_grouped(weights.data(), step.in_channels, step.in_channels / step.groups, to);
  } else {
    avx512::pack_pointwise(weights.data(), step.in_channels, step.out_channels, to);
  }
  return panels;
}

void reorder(const Memory& from, Memory& to, const dnnl::engine& engine) {
  dnnl::stream stream(engine);
  Memory source = from;
  dnnl::reorder(source, to).execute(stream, source, to);
  stream.wait();
}

}  // namespace

bf16::Convolution in_bf16(const NetworkStep& step, int groups, bf16::Unit unit) {
  const auto box = [](const std::array<int, 3>& sizes) { return bf16::Box{sizes[0], sizes[1], sizes[2]}; };
  bf16::Convolution shape;
  shape.in = step.in_channels;
  shape.out = step.out_channels;
  shape.groups = groups;
  shape.kernel = box(step.kernel);
  shape.stride = box(step.stride);
  shape.padding = box(step.padding);
  shape.unit = unit;
  return shape;
}

CpuWeights::CpuWeights(const Network& network, const NamedTensors& weights, Memory::data_type type,
                       const dnnl::engine& engine)
    : engine_(engine),
      type_(type),
      blocks_(type == Memory::data_type::f32 && onednn::vector_floats() == avx512::kBlock) {
  const bool own_bf16 = type == Memory::data_type::bf16 && onednn::has_bf16();
  if (own_bf16 && has_tiles()) unit_ = bf16::Unit::Tiles;
  for (const NetworkStep& step : network.steps) {
    const bool first = steps_.empty();
    Step made;
    Packed packed;
    if (step.kind == NetworkStep::Kind::Convolution) {
      Folded folded = fold(step, weights);
      NetworkStep run = step;
      run.groups = joined_groups(step, type);
      if (blocks_) made.kernel = kernel_for(step);
      if (own_bf16) made.kernel = bf16_kernel_for(step, run.groups, first, unit_ == bf16::Unit::Tiles);
      const bool joins = made.kernel == Kernel::Library || made.kernel == Kernel::Bf16;
      if (joins && run.groups != step.groups) folded.weights = join_groups(folded.weights, step, run.groups);
      if (made.kernel == Kernel::Bf16) {
        made.panels = bf16_panels_of(folded.weights, in_bf16(step, run.groups, unit_), engine);
        made.groups = run.groups;
      } else if (made.kernel == Kernel::Bf16Grouped) {
        const bf16::SmallGroups shape{step.in_channels, step.in_channels / step.groups, {}};
        made.panels = bf16_panels_of(folded.weights, shape, engine);
        made.groups = step.groups;
      } else if (made.kernel != Kernel::Library) {
        made.panels = panels_of(folded.weights, step, made.kernel, engine);
        made.groups = step.groups;
      } else {
        if (first && type == Memory::data_type::bf16) {
          unfolds_input_ = true;
          run = unfolded(step);
          folded.weights = unfold_weights(folded.weights, step);
        }
        made.groups = run.groups;
        made.dims = {run.out_channels / run.groups, run.in_channels / run.groups};
        if (run.groups > 1) made.dims.insert(made.dims.begin(), run.groups);
        for (int axis = 3 - network.spatial_dims; axis < 3; ++axis) {
          made.dims.push_back(run.kernel[static_cast<std::size_t>(axis)]);
        }
        packed.layouts.push_back(type == Memory::data_type::bf16
                                     ? rounded_copy_of(folded.weights, made.dims, engine)
                                     : copy_of(folded.weights, made.dims, engine));
      }
      made.bias = copy_of(folded.bias, {step.out_channels}, engine);
    }
    steps_.push_back(std::move(made));
    packed_.push_back(std::move(packed));
  }
}

Memory CpuWeights::packed(std::size_t index, const Memory::desc& layout) {
  const MutexLock lock(mutex_);
  Packed& step = packed_[index];
  for (const Memory& known : step.layouts) {
    if (known.get_desc() == layout) return known;
  }
  Memory made(layout, engine_);
  reorder(step.layouts.front(), made, engine_);
  if (step.plain)
    step.layouts.clear();  // any layout can be reordered from any other: the plain copy is not needed
  step.plain = false;
  step.layouts.push_back(made);
  return made;
}

Memory::desc CpuWeights::any_layout(std::size_t step) const {
  return {steps_[step].dims, type_, Memory::format_tag::any};
}

}  // namespace tvr

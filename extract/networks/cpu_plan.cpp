#include "extract/networks/cpu_plan.h"

#include <algorithm>
#include <cstddef>

#include "extract/networks/avx512/convolution.h"
#include "extract/networks/avx512/stem.h"
#include "extract/networks/bf16/convolution.h"
#include "extract/networks/unfold.h"
#include "towers/onednn.h"

namespace tvr {
namespace {

using Memory = dnnl::memory;

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

Memory::dims spatial(const std::array<int, 3>& sizes, int dims) { return {sizes.end() - dims, sizes.end()}; }

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // the default is not thread-safe
  return attributes;
}

Memory::format_tag plain(int spatial_dims) {
  return spatial_dims == 3 ? Memory::format_tag::ncdhw : Memory::format_tag::nchw;
}

Memory::format_tag channels_last(int spatial_dims) {
  return spatial_dims == 3 ? Memory::format_tag::ndhwc : Memory::format_tag::nhwc;
}

/// The layout with channels in blocks of 16.
Memory::format_tag blocked(int spatial_dims) {
  return spatial_dims == 3 ? Memory::format_tag::nCdhw16c : Memory::format_tag::nChw16c;
}

/// Frames, height and width of a step's result.
Memory::dims result_dims(const NetworkStep& step, const Memory::dims& source, int spatial_dims) {
  Memory::dims dims = {source[0], step.out_channels};
  const Memory::dims kernel = spatial(step.kernel, spatial_dims), stride = spatial(step.stride, spatial_dims),
                     padding = spatial(step.padding, spatial_dims);
  for (std::size_t axis = 0; axis < kernel.size(); ++axis) {
    dims.push_back((source[axis + 2] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1);
  }
  return dims;
}

std::vector<std::size_t> last_uses(const Network& network) {
  std::vector<std::size_t> last(network.steps.size() + 1, kNone);
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    last[static_cast<std::size_t>(network.steps[i].input)] = i;
    if (network.steps[i].residual >= 0) last[static_cast<std::size_t>(network.steps[i].residual)] = i;
  }
  return last;
}

}  // namespace

CpuPlan::CpuPlan(const Network& network, CpuWeights& weights, const BatchShape& shape)
    : network_(network), weights_(weights), shape_(shape), stream_(weights.engine()) {
  const int dims = network.spatial_dims;
  Memory::dims input_dims = {shape.clips, 3};
  if (dims == 3) input_dims.push_back(shape.frames);
  input_dims.insert(input_dims.end(), {shape.height, shape.width});
  input_ = Memory({input_dims, Memory::data_type::f32, plain(dims)}, weights.engine());

  values_.push_back({input_.get_desc(), kNone});  // value 0 lies in input_
  std::vector<std::size_t> made = {0};            // network value to index in values_
  if (weights.unfolds_input()) {
    const NetworkStep& first = network.steps.front();
    input_dims[1] = unfolded(first).in_channels;
    input_dims.back() = result_dims(first, input_dims, dims).back();
    unfolded_ = Memory({input_dims, weights.type(), channels_last(dims)}, weights.engine());
    values_.front().layout = unfolded_.get_desc();
  }
  const std::vector<std::size_t> last = last_uses(network);
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const NetworkStep step =
        i == 0 && weights.unfolds_input() ? unfolded(network.steps[i]) : network.steps[i];
    const std::size_t source = made[static_cast<std::size_t>(step.input)];
    const bool has_residual = step.residual >= 0;
    const auto residual_value = static_cast<std::size_t>(std::max(step.residual, 0));
    const bool residual_dies = has_residual && last[residual_value] == i && step.residual != step.input;
    const bool convolution = step.kind == NetworkStep::Kind::Convolution;
    made.push_back(convolution
                       ? convolve(step, i, source, has_residual ? made[residual_value] : kNone, residual_dies)
                       : pool(step, source));
    if (last[static_cast<std::size_t>(step.input)] == i) release(source);
  }
  const std::size_t result = made.back();
  result_ = Memory({onednn::dims_of(values_[result].layout), Memory::data_type::f32, plain(dims)},
                   weights.engine());
  executions_.push_back({runner(dnnl::reorder({weights.engine(), values_[result].layout, weights.engine(),
                                               result_.get_desc()})),
                         {{DNNL_ARG_FROM, result}},
                         {{DNNL_ARG_TO, result_}}});
  for (const Memory& own : {input_, unfolded_, result_}) {
    if (own) bytes_ += own.get_desc().get_size();
  }
  allocate();
}

std::size_t CpuPlan::new_value(const Memory::desc& layout) {
  const std::size_t bytes = layout.get_size();
  // The smallest free buffer that is large enough, otherwise the largest, which is grown.
  std::size_t best = kNone;
  for (std::size_t i = 0; i < free_buffers_.size(); ++i) {
    if (best == kNone) {
      best = i;
      continue;
    }
    const std::size_t size = buffer_bytes_[free_buffers_[i]], best_size = buffer_bytes_[free_buffers_[best]];
    const bool fits = size >= bytes, best_fits = best_size >= bytes;
    if (fits != best_fits ? fits : fits ? size < best_size : size > best_size) best = i;
  }
  std::size_t buffer = buffer_bytes_.size();
  if (best == kNone) {
    buffer_bytes_.push_back(bytes);
  } else {
    buffer = free_buffers_[best];
    free_buffers_.erase(free_buffers_.begin() + static_cast<std::ptrdiff_t>(best));
    buffer_bytes_[buffer] = std::max(buffer_bytes_[buffer], bytes);
  }
  values_.push_back({layout, buffer});
  return values_.size() - 1;
}

void CpuPlan::release(std::size_t value) {
  const std::size_t buffer = values_[value].buffer;
  if (buffer == kNone || std::count(free_buffers_.begin(), free_buffers_.end(), buffer) > 0) return;
  free_buffers_.push_back(buffer);
}

/// The value in another layout; itself if it has it already.
std::size_t CpuPlan::reordered(std::size_t value, const Memory::desc& layout) {
  if (values_[value].layout == layout) return value;
  const std::size_t copy = new_value(layout);
  reorder(value, copy);
  return copy;
}

/// Copies a value to another.
void CpuPlan::reorder(std::size_t from, std::size_t to) {
  executions_.push_back({runner(dnnl::reorder({weights_.engine(), values_[from].layout, weights_.engine(),
                                               values_[to].layout})),
                         {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}},
                         {}});
}

std::function<void(const CpuPlan::Arguments&)> CpuPlan::runner(const dnnl::primitive& primitive) {
  return [this, primitive](const Arguments& arguments) { primitive.execute(stream_, arguments); };
}

CpuPlan::Convolution CpuPlan::library_convolution(const NetworkStep& step, std::size_t index,
                                                  const Memory::desc& source, bool add_result) {
  const int dims = network_.spatial_dims;
  const Memory::dims source_dims = onednn::dims_of(source);
  dnnl::post_ops operations;
  if (add_result) operations.append_sum(1);
  if (step.relu) onednn::append_relu(operations);
  dnnl::primitive_attr attributes = user_scratchpad();
  attributes.set_post_ops(operations);
  const auto describe = [&](const Memory::desc& from, Memory::format_tag to) {
    return onednn::convolution(weights_.engine(), from, weights_.any_layout(index),
                               weights_.bias(index).get_desc(),
                               {result_dims(step, source_dims, dims), weights_.type(), to},
                               spatial(step.stride, dims), spatial(step.padding, dims), attributes);
  };
  const auto laid = [&](Memory::format_tag tag) { return Memory::desc(source_dims, weights_.type(), tag); };
  // The layout of the input is fixed. Elsewhere oneDNN chooses, except next to our kernels and for grouped
  // convolutions: left to itself it would choose a layout that no other step has, at the cost of two
  // reorders.
  const bool given = index == 0;
  auto described = given ? describe(source, Memory::format_tag::any)
                         : describe(laid(Memory::format_tag::any), Memory::format_tag::any);
  if (!given && (weights_.prefers_blocks() || step.groups > 1)) {
    const auto tag = weights_.prefers_blocks() ? blocked(dims) : channels_last(dims);
    const auto beside = describe(laid(tag), tag);
    if (!onednn::is_plain_loops(beside)) described = beside;
  }
  return {described.src_desc(),
          described.dst_desc(),
          described.scratchpad_desc(),
          runner(dnnl::convolution_forward(described)),
          {{DNNL_ARG_WEIGHTS, weights_.packed(index, described.weights_desc())},
           {DNNL_ARG_BIAS, weights_.bias(index)}}};
}

CpuPlan::Convolution CpuPlan::own_convolution(const NetworkStep& step, std::size_t index,
                                              const Memory::desc& source, bool add_result) const {
  const int dims = network_.spatial_dims;
  const Memory::dims from = onednn::dims_of(source), to = result_dims(step, from, dims);
  const auto size = [&](std::size_t axis_from_last) {
    return static_cast<int>(from[from.size() - 1 - axis_from_last]);
  };
  const int frames = dims == 3 ? size(2) : 1, height = size(1), width = size(0);
  const CpuWeights::Kernel kernel = weights_.kernel(index);
  const Memory::format_tag tag =
      weights_.type() == Memory::data_type::bf16 ? channels_last(dims) : blocked(dims);
  Convolution made;
  made.source = index == 0 ? source : Memory::desc(from, weights_.type(), tag);
  made.result = Memory::desc(to, weights_.type(), tag);
  const Epilogue epilogue{static_cast<const float*>(weights_.bias(index).get_data_handle()), add_result,
                          step.relu};
  // One clip of a batch.
  std::function<void(const std::byte*, std::byte*, void*)> convolve;
  std::size_t scratch_bytes = 0;
  const auto in_floats = [&](const auto& shape) {
    scratch_bytes = avx512::scratch_floats(shape) * sizeof(float);
    convolve = [shape, epilogue, panels = static_cast<const float*>(weights_.panels(index))](
                   const std::byte* clip, std::byte* result, void* scratch) {
      avx512::convolve(shape, reinterpret_cast<const float*>(clip), panels, epilogue,
                       reinterpret_cast<float*>(result), static_cast<float*>(scratch));
    };
  };
  const auto in_bf16s = [&](const auto& shape) {
    scratch_bytes = bf16::scratch_bytes(shape);
    convolve = [shape, epilogue, panels = static_cast<const bf16::Bf16*>(weights_.panels(index))](
                   const std::byte* clip, std::byte* result, void* scratch) {
      bf16::convolve(shape, clip, panels, epilogue, reinterpret_cast<bf16::Bf16*>(result), scratch);
    };
  };
  if (kernel == CpuWeights::Kernel::Bf16) {
    bf16::Convolution shape = in_bf16(step, weights_.groups(index), weights_.unit());
    shape.source = {frames, height, width};
    in_bf16s(shape);
  } else if (kernel == CpuWeights::Kernel::Bf16Grouped) {
    in_bf16s(bf16::SmallGroups{step.in_channels, step.in_channels / step.groups, {frames, height, width}});
  } else if (kernel == CpuWeights::Kernel::Winograd) {
    in_floats(avx512::Winograd{step.in_channels, step.out_channels, height, width});
  } else if (kernel == CpuWeights::Kernel::Stem) {
    in_floats(avx512::Stem{step.out_channels, frames, height, width});
  } else if (kernel == CpuWeights::Kernel::Grouped) {
    in_floats(avx512::Grouped{step.in_channels, step.in_channels / step.groups, frames, height, width});
  } else {
    in_floats(avx512::Pointwise{step.in_channels, step.out_channels, frames, height, width, step.stride[0],
                                step.stride[2]});
  }
  made.scratchpad =
      Memory::desc({static_cast<Memory::dim>(scratch_bytes)}, Memory::data_type::u8, Memory::format_tag::a);
  const auto clips = static_cast<std::size_t>(shape_.clips);
  made.run = [convolve, clips, source_bytes = made.source.get_size() / clips,
              result_bytes = made.result.get_size() / clips](const Arguments& arguments) {
    const auto bytes = [&](int argument) {
      return static_cast<std::byte*>(arguments.at(argument).get_data_handle());
    };
    for (std::size_t clip = 0; clip < clips; ++clip) {
      convolve(bytes(DNNL_ARG_SRC) + clip * source_bytes, bytes(DNNL_ARG_DST) + clip * result_bytes,
               bytes(DNNL_ARG_SCRATCHPAD));
    }
  };
  return made;
}

std::size_t CpuPlan::convolve(const NetworkStep& step, std::size_t index, std::size_t source,
                              std::size_t residual, bool residual_dies) {
  const bool add = residual != kNone;
  Convolution convolution = weights_.kernel(index) == CpuWeights::Kernel::Library
                                ? library_convolution(step, index, values_[source].layout, add)
                                : own_convolution(step, index, values_[source].layout, add);
  const std::size_t input = reordered(source, convolution.source);
  std::size_t result = kNone;
  if (!add) {
    result = new_value(convolution.result);
  } else if (residual_dies && values_[residual].layout == convolution.result) {
    result = residual;  // the sum is computed in place
  } else {
    result = new_value(convolution.result);
    reorder(residual, result);
    if (residual_dies) release(residual);
  }
  executions_.push_back({std::move(convolution.run),
                         {{DNNL_ARG_SRC, input}, {DNNL_ARG_DST, result}},
                         std::move(convolution.arguments)});
  keep_scratchpad(convolution.scratchpad);
  if (input != source) release(input);
  return result;
}

std::size_t CpuPlan::pool(const NetworkStep& step, std::size_t source) {
  const int dims = network_.spatial_dims;
  const Memory::desc& layout = values_[source].layout;
  const Memory::desc any_result(result_dims(step, onednn::dims_of(layout), dims), weights_.type(),
                                Memory::format_tag::any);
  const auto described =
      onednn::max_pool(weights_.engine(), layout, any_result, spatial(step.stride, dims),
                       spatial(step.kernel, dims), spatial(step.padding, dims), user_scratchpad());
  const std::size_t result = new_value(described.dst_desc());
  executions_.push_back(
      {runner(dnnl::pooling_forward(described)), {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}}, {}});
  keep_scratchpad(described.scratchpad_desc());
  return result;
}

void CpuPlan::keep_scratchpad(const Memory::desc& layout) {
  scratchpad_bytes_ = std::max(scratchpad_bytes_, layout.get_size());
  scratchpads_.emplace_back(executions_.size() - 1, layout);
}

void CpuPlan::allocate() {
  const auto bytes_of = [&](std::size_t count) {
    const auto size = static_cast<Memory::dim>(std::max<std::size_t>(count, 1));
    bytes_ += count;
    return Memory({{size}, Memory::data_type::u8, Memory::format_tag::a}, weights_.engine());
  };
  for (const std::size_t bytes : buffer_bytes_) buffers_.push_back(bytes_of(bytes));
  buffers_.push_back(bytes_of(scratchpad_bytes_));
  for (Execution& execution : executions_) {
    for (const auto& [argument, value] : execution.values) {
      const bool is_input = values_[value].buffer == kNone;
      execution.arguments[argument] = is_input ? (weights_.unfolds_input() ? unfolded_ : input_)
                                               : Memory(values_[value].layout, weights_.engine(),
                                                        buffers_[values_[value].buffer].get_data_handle());
    }
  }
  for (const auto& [execution, layout] : scratchpads_) {
    executions_[execution].arguments[DNNL_ARG_SCRATCHPAD] =
        Memory(layout, weights_.engine(), buffers_.back().get_data_handle());
  }
}

void CpuPlan::run(float* rows) {
  if (weights_.unfolds_input()) {
    unfold_columns(input(), shape_.clips, shape_.frames, shape_.height, shape_.width, network_.steps.front(),
                   static_cast<std::uint16_t*>(unfolded_.get_data_handle()));
  }
  for (const Execution& execution : executions_) execution.run(execution.arguments);
  stream_.wait();
  const Memory::dims dims = onednn::dims_of(result_.get_desc());
  std::int64_t positions = 1;
  for (std::size_t axis = 2; axis < dims.size(); ++axis) positions *= dims[axis];
  const auto* values = static_cast<const float*>(result_.get_data_handle());
  for (std::int64_t row = 0; row < dims[0] * dims[1]; ++row) {
    double sum = 0;
    for (std::int64_t i = 0; i < positions; ++i) sum += values[row * positions + i];
    rows[row] = static_cast<float>(sum / static_cast<double>(positions));
  }
}

}  // namespace tvr

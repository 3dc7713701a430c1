#include "extract/cuda/torch_network.h"

#include <ATen/ATen.h>

#include <utility>
#ifdef TVR_CUDA
#include <ATen/cuda/CUDAContext.h>

#include "extract/cuda/kernels.h"
#endif

namespace tvr {
namespace {

constexpr std::int64_t kCellChannels = 16;  // 12 values of 2 x 2 pixels; tensor cores need multiples of 16

at::Tensor tensor_of(const NamedTensors& weights, const std::string& name) {
  const Tensor& tensor = *find(weights, name);
  const std::vector<float> values = tensor.to_floats();
  return at::tensor(at::ArrayRef<float>(values)).view(tensor.shape).to(at::kDouble);
}

at::MemoryFormat channels_last(std::int64_t spatial_dims) {
  return spatial_dims == 3 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
}

/// The sizes along the network's axes: {time, height, width} or {height, width}.
std::vector<std::int64_t> spatial(const Network& network, const std::array<int, 3>& sizes) {
  return {sizes.end() - network.spatial_dims, sizes.end()};
}

bool reads_pixels(const NetworkStep& step) {
  const auto is = [&](const std::array<int, 3>& sizes, int value) {
    return sizes[1] == value && sizes[2] == value;
  };
  return step.input == 0 && step.in_channels == 3 && step.groups == 1 && is(step.kernel, 7) &&
         is(step.stride, 2) && is(step.padding, 3);
}

/// Space-to-depth: [N, 3, (T,) H, W] to cells [N, 16, (T,) (H + 1) / 2 + 3, (W + 1) / 2 + 3]. Channel 3 * (2
/// r + s) + c of cell (y + 2, x + 2) is channel c of pixel (2 y + r, 2 x + s), with two zero cells before and
/// one after.
at::Tensor cells_of(const at::Tensor& input) {
  const std::int64_t rows = input.dim() - 2, columns = input.dim() - 1;
  std::vector<std::int64_t> sizes = input.sizes().vec();
  sizes[1] = kCellChannels;
  for (const std::int64_t axis : {rows, columns})
    sizes[static_cast<std::size_t>(axis)] = (input.size(axis) + 1) / 2 + 3;
  const at::Tensor cells = at::empty(sizes, input.options(), channels_last(input.dim() - 2)).zero_();
  for (std::int64_t r = 0; r < 2; ++r) {
    for (std::int64_t s = 0; s < 2; ++s) {
      const at::Tensor pixels =
          input.slice(rows, r, input.size(rows), 2).slice(columns, s, input.size(columns), 2);
      cells.narrow(1, 3 * (2 * r + s), 3)
          .narrow(rows, 2, pixels.size(rows))
          .narrow(columns, 2, pixels.size(columns))
          .copy_(pixels);
    }
  }
  return cells;
}

/// The kernel on cells, [O, 16, (T,) 4, 4], of a kernel on pixels, [O, 3, (T,) 7, 7]. Output y reads pixel
/// rows from 2 y - 3 on, which start in the second row of cell y - 2: the first row of that cell gets weight
/// zero.
at::Tensor kernel_for_cells(const at::Tensor& weight) {
  const at::Tensor padded = at::constant_pad_nd(weight, {1, 0, 1, 0});
  const std::int64_t rows = weight.dim() - 2, columns = weight.dim() - 1;
  std::vector<at::Tensor> parts;
  for (std::int64_t r = 0; r < 2; ++r) {
    for (std::int64_t s = 0; s < 2; ++s) parts.push_back(padded.slice(rows, r, 8, 2).slice(columns, s, 8, 2));
  }
  std::vector<std::int64_t> rest = parts[0].sizes().vec();
  rest[1] = kCellChannels - 12;
  parts.push_back(at::zeros(rest, weight.options()));
  return at::cat(parts, 1);
}

/// How many groups are merged into one.
std::int64_t joined_groups(const NetworkStep& step) {
  constexpr int kFewest = 16, kWanted = 64;
  const int channels = step.in_channels / step.groups;
  const int joined = kWanted / channels;
  return step.groups > 1 && channels < kFewest && joined > 1 && step.groups % joined == 0 ? joined : 1;
}

/// [O, I, ...] with O / `joined` ... groups as [O, joined * I, ...]: each output reads only the inputs of its
/// own group.
at::Tensor join_groups(const at::Tensor& weight, std::int64_t groups, std::int64_t joined) {
  const std::int64_t inputs = weight.size(1);
  std::vector<std::int64_t> sizes = weight.sizes().vec();
  sizes[1] *= joined;
  const at::Tensor wide = at::zeros(sizes, weight.options());
  const std::int64_t outputs = weight.size(0) / groups;
  for (std::int64_t group = 0; group < groups; ++group) {
    wide.narrow(0, group * outputs, outputs)
        .narrow(1, group % joined * inputs, inputs)
        .copy_(weight.narrow(0, group * outputs, outputs));
  }
  return wide;
}

/// Whether cuDNN may fuse the convolution with bias, residual and ReLU: in half precision and 2D. 1 x 1 x 1
/// convolutions of 3D networks run as 2D convolutions.
bool can_finish(const NetworkStep& step, const at::Tensor& input) {
  const bool is_half = input.scalar_type() == at::kHalf || input.scalar_type() == at::kBFloat16;
  const bool is_product = step.kernel == std::array{1, 1, 1} && step.stride == std::array{1, 1, 1};
  return input.is_cuda() && is_half && step.relu && (input.dim() == 4 || is_product);
}

at::Tensor finished_by_cudnn(const at::Tensor& weight, const at::Tensor& bias, std::int64_t groups,
                             const at::Tensor& input, const at::Tensor& residual,
                             const std::vector<std::int64_t>& stride,
                             const std::vector<std::int64_t>& padding) {
  if (input.dim() == 5) {  // channels last: time and height merge into one axis
    const at::Tensor beside = residual.defined() ? residual.flatten(2, 3) : residual;
    return finished_by_cudnn(weight.squeeze(2), bias, groups, input.flatten(2, 3), beside, {1, 1}, {0, 0})
        .view({input.size(0), weight.size(0), input.size(2), input.size(3), input.size(4)});
  }
  const std::array<std::int64_t, 2> dilation{1, 1};
  return residual.defined()
             ? at::cudnn_convolution_add_relu(input, weight, residual, 1.0, bias, stride, padding, dilation,
                                              groups)
             : at::cudnn_convolution_relu(input, weight, bias, stride, padding, dilation, groups);
}

#ifdef TVR_CUDA
at::Tensor pool_on_gpu(const NetworkStep& step, const at::Tensor& input) {
  gpu::PoolJob job;
  job.channels = static_cast<int>(input.size(1));
  std::vector<std::int64_t> sizes = input.sizes().vec();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t tensor_axis =
        static_cast<std::int64_t>(axis) + input.dim() - 3;  // in 2D, axis 1 is channels, not time
    const bool is_there = tensor_axis >= 2;
    job.in[axis] = is_there ? static_cast<int>(input.size(tensor_axis)) : 1;
    job.kernel[axis] = step.kernel[axis];
    job.stride[axis] = step.stride[axis];
    job.padding[axis] = step.padding[axis];
    job.out[axis] = (job.in[axis] + 2 * job.padding[axis] - job.kernel[axis]) / job.stride[axis] + 1;
    if (is_there) sizes[static_cast<std::size_t>(tensor_axis)] = job.out[axis];
  }
  const at::Tensor out = at::empty(sizes, input.options(), channels_last(input.dim() - 2));
  gpu::max_pool(job, static_cast<int>(input.size(0)), value_type(input.scalar_type()), input.data_ptr(),
                out.data_ptr(), at::cuda::getCurrentCUDAStream());
  return out;
}
#endif

/// ReLU(value + bias + residual), as the step specifies.
void finish(const NetworkStep& step, const at::Tensor& value, const at::Tensor& bias,
            const at::Tensor& residual) {
#ifdef TVR_CUDA
  if (value.is_cuda()) {
    gpu::finish_convolution(value.data_ptr(), bias.data_ptr(),
                            residual.defined() ? residual.data_ptr() : nullptr, value.numel(),
                            static_cast<int>(value.size(1)), step.relu, value_type(value.scalar_type()),
                            at::cuda::getCurrentCUDAStream());
    return;
  }
#endif
  std::vector<std::int64_t> per_channel(static_cast<std::size_t>(value.dim()), 1);
  per_channel[1] = value.size(1);
  value.add_(bias.view(per_channel));
  if (residual.defined()) value.add_(residual);
  if (step.relu) value.relu_();
}

}  // namespace

at::ScalarType scalar_type(Precision precision) noexcept {
  switch (precision) {
    case Precision::Fp16:
      return at::kHalf;
    case Precision::Bf16:
      return at::kBFloat16;
    default:
      return at::kFloat;
  }
}

#ifdef TVR_CUDA
gpu::ValueType value_type(at::ScalarType type) noexcept {
  return type == at::kHalf       ? gpu::ValueType::Fp16
         : type == at::kBFloat16 ? gpu::ValueType::Bf16
                                 : gpu::ValueType::Fp32;
}
#endif

TorchNetwork::TorchNetwork(Network network, const NamedTensors& weights, at::Device device,
                           at::ScalarType type)
    : network_(std::move(network)), type_(type) {
  for (const NetworkStep& step : network_.steps) folded_.push_back(fold(step, weights, device));
}

TorchNetwork::Folded TorchNetwork::fold(const NetworkStep& step, const NamedTensors& weights,
                                        at::Device device) const {
  constexpr double kEps = 1e-5;  // torch.nn.BatchNorm's default
  Folded folded;
  if (step.kind != NetworkStep::Kind::Convolution || step.convolution.empty()) return folded;
  const at::Tensor scale = tensor_of(weights, step.norm + ".weight") /
                           at::sqrt(tensor_of(weights, step.norm + ".running_var") + kEps);
  std::vector<std::int64_t> per_channel(static_cast<std::size_t>(network_.spatial_dims) + 2, 1);
  per_channel[0] = step.out_channels;
  at::Tensor weight = tensor_of(weights, step.convolution + ".weight") * scale.view(per_channel);
  folded.on_cells = reads_pixels(step);
  if (folded.on_cells) weight = kernel_for_cells(weight);
  const std::int64_t joined = joined_groups(step);
  if (joined > 1) weight = join_groups(weight, step.groups, joined);
  folded.groups = step.groups / joined;
  folded.weight = weight.to(device, type_).contiguous(channels_last(network_.spatial_dims));
  const at::Tensor bias =
      tensor_of(weights, step.norm + ".bias") - tensor_of(weights, step.norm + ".running_mean") * scale;
  folded.bias = bias.to(device, type_);
  return folded;
}

at::Tensor TorchNetwork::convolve(std::size_t index, const at::Tensor& input,
                                  const at::Tensor& residual) const {
  const NetworkStep& step = network_.steps[index];
  if (step.convolution.empty()) return copy_channels(step, input);
  const Folded& folded = folded_[index];
  std::vector<std::int64_t> stride = spatial(network_, step.stride),
                            padding = spatial(network_, step.padding);
  if (folded.on_cells) {
    for (std::size_t axis = stride.size() - 2; axis < stride.size(); ++axis)
      stride[axis] = 1, padding[axis] = 0;
  }
  const at::Tensor source = folded.on_cells ? cells_of(input) : input;
  if (cudnn_finishes_ && can_finish(step, source)) {
    try {
      return finished_by_cudnn(folded.weight, folded.bias, folded.groups, source, residual, stride, padding);
    } catch (const c10::Error&) {
      cudnn_finishes_ = false;
    }
  }
  const std::vector<std::int64_t> dilation(stride.size(), 1), no_output_padding(stride.size(), 0);
  const at::Tensor result = at::convolution(source, folded.weight, {}, stride, padding, dilation, false,
                                            no_output_padding, folded.groups)
                                .contiguous(channels_last(network_.spatial_dims));
  finish(step, result, folded.bias, residual);
  return result;
}

at::Tensor TorchNetwork::copy_channels(const NetworkStep& step, const at::Tensor& input) const {
  at::Tensor result = input;
  const std::vector<std::int64_t> strides = spatial(network_, step.stride);
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    const auto at_axis = static_cast<std::int64_t>(axis) + 2;
    result = result.slice(at_axis, 0, result.size(at_axis), strides[axis]);
  }
  std::vector<std::int64_t> padding(2 * strides.size() + 2, 0);  // from the last axis to the channels
  padding.back() = step.out_channels - step.in_channels;
  return at::constant_pad_nd(result, padding).contiguous(channels_last(network_.spatial_dims));
}

at::Tensor TorchNetwork::pool(const NetworkStep& step, const at::Tensor& input) const {
#ifdef TVR_CUDA
  if (input.is_cuda()) return pool_on_gpu(step, input);
#endif
  const std::vector<std::int64_t> kernel = spatial(network_, step.kernel),
                                  stride = spatial(network_, step.stride),
                                  padding = spatial(network_, step.padding);
  return network_.spatial_dims == 3 ? at::max_pool3d(input, kernel, stride, padding)
                                    : at::max_pool2d(input, kernel, stride, padding);
}

at::Tensor TorchNetwork::forward(const at::Tensor& input) const {
  std::vector<std::size_t> last_use(network_.steps.size() + 1, 0);
  for (std::size_t i = 0; i < network_.steps.size(); ++i) {
    const NetworkStep& step = network_.steps[i];
    last_use[static_cast<std::size_t>(step.input)] = i;
    if (step.residual >= 0) last_use[static_cast<std::size_t>(step.residual)] = i;
  }
  std::vector<at::Tensor> values{input};
  for (std::size_t i = 0; i < network_.steps.size(); ++i) {
    const NetworkStep& step = network_.steps[i];
    const at::Tensor& source = values[static_cast<std::size_t>(step.input)];
    const at::Tensor residual =
        step.residual >= 0 ? values[static_cast<std::size_t>(step.residual)] : at::Tensor();
    values.push_back(step.kind == NetworkStep::Kind::Convolution ? convolve(i, source, residual)
                                                                 : pool(step, source));
    for (std::size_t v = 0; v <= i; ++v) {
      if (last_use[v] == i) values[v].reset();
    }
  }
  std::vector<std::int64_t> axes;
  for (int axis = 0; axis < network_.spatial_dims; ++axis) axes.push_back(2 + axis);
  return values.back().to(at::kFloat).mean(axes);
}

}  // namespace tvr

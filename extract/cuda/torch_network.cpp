#include "extract/cuda/torch_network.h"

#include <ATen/ATen.h>

#include <utility>

namespace tvr {
namespace {

at::Tensor tensor_of(const NamedTensors& weights, const std::string& name) {
  const Tensor& tensor = *find(weights, name);
  const std::vector<float> values = tensor.to_floats();
  return at::tensor(at::ArrayRef<float>(values)).view(tensor.shape).to(at::kDouble);
}

at::MemoryFormat channels_last(const Network& network) {
  return network.spatial_dims == 3 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
}

/// The sizes of as many axes as the network has: {time, height, width} or {height, width}.
std::vector<std::int64_t> spatial(const Network& network, const std::array<int, 3>& sizes) {
  return {sizes.end() - network.spatial_dims, sizes.end()};
}

}  // namespace

TorchNetwork::TorchNetwork(Network network, const NamedTensors& weights, at::Device device,
                           at::ScalarType type)
    : network_(std::move(network)), type_(type) {
  constexpr double kEps = 1e-5;  // torch.nn.BatchNorm's default
  for (const NetworkStep& step : network_.steps) {
    Folded folded;
    if (step.kind == NetworkStep::Kind::Convolution && !step.convolution.empty()) {
      const at::Tensor scale = tensor_of(weights, step.norm + ".weight") /
                               at::sqrt(tensor_of(weights, step.norm + ".running_var") + kEps);
      std::vector<std::int64_t> per_channel(static_cast<std::size_t>(network_.spatial_dims) + 2, 1);
      per_channel[0] = step.out_channels;
      const at::Tensor weight = tensor_of(weights, step.convolution + ".weight") * scale.view(per_channel);
      const at::Tensor bias =
          tensor_of(weights, step.norm + ".bias") - tensor_of(weights, step.norm + ".running_mean") * scale;
      folded.weight = weight.to(device, type).contiguous(channels_last(network_));
      folded.bias = bias.to(device, type);
    }
    folded_.push_back(std::move(folded));
  }
}

at::Tensor TorchNetwork::convolve(std::size_t index, const at::Tensor& input) const {
  const NetworkStep& step = network_.steps[index];
  if (step.convolution.empty()) return copy_channels(step, input);
  const std::vector<std::int64_t> stride = spatial(network_, step.stride),
                                  padding = spatial(network_, step.padding);
  const std::vector<std::int64_t> dilation(stride.size(), 1), no_output_padding(stride.size(), 0);
  return at::convolution(input, folded_[index].weight, folded_[index].bias, stride, padding, dilation, false,
                         no_output_padding, step.groups);
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
  return at::constant_pad_nd(result, padding).contiguous(channels_last(network_));
}

at::Tensor TorchNetwork::pool(const NetworkStep& step, const at::Tensor& input) const {
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
    at::Tensor result =
        step.kind == NetworkStep::Kind::Convolution ? convolve(i, source) : pool(step, source);
    if (step.residual >= 0) result.add_(values[static_cast<std::size_t>(step.residual)]);
    if (step.relu) result.relu_();
    values.push_back(std::move(result));
    for (std::size_t v = 0; v <= i; ++v) {
      if (last_use[v] == i) values[v].reset();
    }
  }
  std::vector<std::int64_t> axes;
  for (int axis = 0; axis < network_.spatial_dims; ++axis) axes.push_back(2 + axis);
  return values.back().to(at::kFloat).mean(axes);
}

}  // namespace tvr

#include "extract/networks/resnet.h"

#include <algorithm>

namespace tvr {
namespace {

constexpr const char* kProjection = ".downsample.";
constexpr int kCardinality = 32;  // groups of a ResNeXt (Xie et al. 2017)

std::array<int, 3> box(int spatial_dims, int size, int flat) {
  return {spatial_dims == 3 ? size : flat, size, size};
}

/// Appends steps and numbers their values.
class Builder {
 public:
  explicit Builder(Network& network) : network_(network) {}

  /// Returns the number of the new value.
  int convolve(int input, const std::string& name, const std::string& norm, int in, int out, int kernel,
               int stride, int groups = 1) {
    const int dims = network_.spatial_dims;
    NetworkStep step;
    step.input = input;
    step.kernel = box(dims, kernel, 1);
    step.stride = box(dims, stride, 1);
    step.padding = box(dims, kernel / 2, 0);
    step.in_channels = in;
    step.out_channels = out;
    step.groups = groups;
    step.convolution = name;
    step.norm = norm;
    return append(step);
  }
  int max_pool(int input, int channels) {
    NetworkStep step;
    step.kind = NetworkStep::Kind::MaxPool;
    step.input = input;
    step.kernel = box(network_.spatial_dims, 3, 1);
    step.stride = box(network_.spatial_dims, 2, 1);
    step.padding = box(network_.spatial_dims, 1, 0);
    step.in_channels = step.out_channels = channels;
    return append(step);
  }
  NetworkStep& last() { return network_.steps.back(); }

 private:
  int append(const NetworkStep& step) {
    network_.steps.push_back(step);
    return static_cast<int>(network_.steps.size());
  }
  Network& network_;
};

struct BlockShape {
  int convolutions;  // 2 or 3
  int middle;        // channels between them
  int out;
  int groups;
};

/// A residual block; returns the number of its value.
int add_block(Builder& builder, int input, const std::string& name, int in, const BlockShape& shape,
              int stride) {
  int residual = input;
  if (stride != 1 || in != shape.out) {
    residual =
        builder.convolve(input, name + kProjection + "0", name + kProjection + "1", in, shape.out, 1, stride);
  }
  int value = input;
  if (shape.convolutions == 3) {
    value = builder.convolve(input, name + ".conv1", name + ".bn1", in, shape.middle, 1, 1);
    builder.last().relu = true;
    value = builder.convolve(value, name + ".conv2", name + ".bn2", shape.middle, shape.middle, 3, stride,
                             shape.groups);
    builder.last().relu = true;
    value = builder.convolve(value, name + ".conv3", name + ".bn3", shape.middle, shape.out, 1, 1);
  } else {
    value = builder.convolve(input, name + ".conv1", name + ".bn1", in, shape.middle, 3, stride);
    builder.last().relu = true;
    value = builder.convolve(value, name + ".conv2", name + ".bn2", shape.middle, shape.out, 3, 1);
  }
  builder.last().residual = residual;
  builder.last().relu = true;
  return value;
}

void add_layers(Builder& builder, int value, const std::array<int, 4>& blocks,
                const std::array<BlockShape, 4>& shapes) {
  int channels = 64;
  for (std::size_t layer = 0; layer < 4; ++layer) {
    for (int block = 0; block < blocks[layer]; ++block) {
      const std::string name = "layer" + std::to_string(layer + 1) + "." + std::to_string(block);
      value = add_block(builder, value, name, channels, shapes[layer], block == 0 && layer > 0 ? 2 : 1);
      channels = shapes[layer].out;
    }
  }
}

}  // namespace

Normalization imagenet_normalization() {
  return {1.0F / 255, {0.485F, 0.456F, 0.406F}, {0.229F + 1e-8F, 0.224F + 1e-8F, 0.225F + 1e-8F}};
}

Normalization kinetics_normalization() {
  return {1.0F, {110.6F, 103.2F, 96.3F}, {1.0F + 1e-8F, 1.0F + 1e-8F, 1.0F + 1e-8F}};
}

Network resnet2d(const std::array<int, 4>& blocks, bool bottleneck) {
  Network network;
  network.normalization = imagenet_normalization();
  Builder builder(network);
  int value = builder.convolve(0, "conv1", "bn1", 3, 64, 7, 2);
  builder.last().relu = true;
  value = builder.max_pool(value, 64);
  std::array<BlockShape, 4> shapes{};
  for (std::size_t layer = 0; layer < 4; ++layer) {
    const int planes = 64 << layer;
    shapes[layer] = bottleneck ? BlockShape{3, planes, 4 * planes, 1} : BlockShape{2, planes, planes, 1};
  }
  add_layers(builder, value, blocks, shapes);
  return network;
}

Network resnet3d(const std::array<int, 4>& blocks, Block3d block) {
  Network network;
  network.spatial_dims = 3;
  network.clip_frames = 16;
  network.normalization = kinetics_normalization();
  Builder builder(network);
  int value = builder.convolve(0, "conv1", "bn1", 3, 64, 7, 2);
  builder.last().stride = {1, 2, 2};
  builder.last().relu = true;
  value = builder.max_pool(value, 64);
  std::array<BlockShape, 4> shapes{};
  for (std::size_t layer = 0; layer < 4; ++layer) {
    const int planes = (block == Block3d::ResNeXt ? 128 : 64) << layer;
    switch (block) {
      case Block3d::Basic:
        shapes[layer] = {2, planes, planes, 1};
        break;
      case Block3d::Bottleneck:
        shapes[layer] = {3, planes, 4 * planes, 1};
        break;
      case Block3d::ResNeXt:
        shapes[layer] = {3, kCardinality * (planes / 32), 2 * planes, kCardinality};
        break;
    }
  }
  add_layers(builder, value, blocks, shapes);
  return network;
}

Network with_shortcut_a(Network network) {
  for (NetworkStep& step : network.steps) {
    if (step.convolution.find(kProjection) == std::string::npos) continue;
    step.convolution.clear();
    step.norm.clear();
  }
  return network;
}

bool is_shortcut_a(const NamedTensors& weights) {
  return std::none_of(weights.begin(), weights.end(),
                      [](const auto& named) { return named.first.find(kProjection) != std::string::npos; });
}

}  // namespace tvr

#include "extract/cuda/torch_network.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "extract/networks/backbone.h"
#include "extract/networks/demo_networks.h"
#include "extract/networks/preprocess.h"
#include "extract/networks/resnet.h"

namespace tvr {
namespace {

Clip noise(int frames, int side) {
  Clip clip;
  clip.frames = frames;
  clip.height = clip.width = side;
  std::uint32_t state = 12345;
  for (int i = 0; i < 3 * frames * side * side; ++i) {
    state = state * 1664525U + 1013904223U;
    clip.rgb().push_back(static_cast<std::uint8_t>(state >> 24U));
  }
  return clip;
}

/// The largest difference of the two engines' rows, relative to the row's largest value.
double difference(const Network& network, const char* model, const Clip& clip) {
  BackboneOptions options;
  options.model = model;
  options.device = Device::Cpu;
  const std::unique_ptr<Backbone> native = load_backbone(options);
  const Matrix wanted = native->forward({&clip});
  const TorchNetwork torch(network, random_weights(network, options.random_seed), at::kCPU, at::kFloat);
  const bool is_3d = network.spatial_dims == 3;
  at::Tensor input = at::empty({1, 3, network.clip_frames, clip.height, clip.width});
  preprocess({&clip}, network.clip_frames, network.normalization, input.data_ptr<float>());
  if (!is_3d) input = input.squeeze(2);
  const at::Tensor row = torch.forward(
      input.contiguous(is_3d ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast));
  double worst = 0, largest = 0;
  for (std::int64_t d = 0; d < wanted.cols(); ++d) {
    worst = std::max(worst, std::fabs(static_cast<double>(row.data_ptr<float>()[d]) - wanted.row(0)[d]));
    largest = std::max(largest, std::fabs(static_cast<double>(wanted.row(0)[d])));
  }
  return worst / largest;
}

TEST(TorchNetwork, GivesTheRowsOfTheNativeEngineFor2dNetworks) {
  EXPECT_LT(difference(resnet2d({2, 2, 2, 2}, false), "resnet18", noise(1, 64)), 1e-5);
  EXPECT_LT(difference(demo2d(), "demo2d", noise(1, 48)), 1e-5);
}

/// The first convolution works on cells of two by two pixels.
TEST(TorchNetwork, GivesTheRowsOfTheNativeEngineForPicturesOfOddSides) {
  EXPECT_LT(difference(resnet2d({2, 2, 2, 2}, false), "resnet18", noise(1, 65)), 1e-5);
  EXPECT_LT(difference(resnet3d({2, 2, 2, 2}, Block3d::Basic), "resnet18-3d", noise(16, 49)), 1e-5);
}

TEST(TorchNetwork, GivesTheRowsOfTheNativeEngineFor3dNetworksAndPadsShortClips) {
  EXPECT_LT(difference(resnet3d({3, 4, 6, 3}, Block3d::ResNeXt), "resnext50", noise(11, 48)), 1e-5);
  EXPECT_LT(difference(demo3d(), "demo3d", noise(16, 48)), 1e-5);
}

}  // namespace
}  // namespace tvr

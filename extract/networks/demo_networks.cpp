#include "extract/networks/demo_networks.h"

#include "extract/networks/resnet.h"

namespace tvr {
namespace {

NetworkStep convolution(int input, const std::string& name, int in, int out) {
  NetworkStep step;
  step.input = input;
  step.in_channels = in;
  step.out_channels = out;
  step.convolution = "conv" + name;
  step.norm = "bn" + name;
  step.relu = true;
  return step;
}

NetworkStep max_pool(int input, int channels) {
  NetworkStep step;
  step.kind = NetworkStep::Kind::MaxPool;
  step.input = input;
  step.in_channels = step.out_channels = channels;
  return step;
}

}  // namespace

Network demo2d() {
  Network network;
  network.normalization = imagenet_normalization();
  NetworkStep first = convolution(0, "1", 3, 64), pool = max_pool(1, 64),
              second = convolution(2, "2", 64, 256);
  first.kernel = {1, 7, 7}, first.stride = {1, 2, 2}, first.padding = {0, 3, 3};
  pool.kernel = {1, 3, 3}, pool.stride = {1, 2, 2}, pool.padding = {0, 1, 1};
  second.kernel = {1, 3, 3}, second.stride = {1, 2, 2}, second.padding = {0, 1, 1};
  network.steps = {first, pool, second};
  return network;
}

Network demo3d() {
  Network network;
  network.spatial_dims = 3;
  network.clip_frames = 16;
  network.normalization = kinetics_normalization();
  NetworkStep first = convolution(0, "1", 3, 48), pool = max_pool(1, 48),
              second = convolution(2, "2", 48, 256);
  first.kernel = {7, 7, 7}, first.stride = {2, 2, 2}, first.padding = {0, 3, 3};  // no zero padding in time
  first.zero_sum_over_time = true;
  pool.kernel = {3, 3, 3}, pool.stride = {2, 2, 2}, pool.padding = {1, 1, 1};
  second.kernel = {3, 3, 3}, second.padding = {1, 1, 1};
  network.steps = {first, pool, second};
  return network;
}

}  // namespace tvr

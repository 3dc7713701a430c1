#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "data/tensor.h"
#include "extract/network.h"

namespace tvr {

/// A Network in evaluation mode by LibTorch's operators, on any device; batch normalisation is folded into
/// the convolutions, everything lies channels last. Safe from many threads.
class TorchNetwork {
 public:
  /// `type`: of weights and activations; sums within a convolution are float32 whatever it is.
  TorchNetwork(Network network, const NamedTensors& weights, at::Device device, at::ScalarType type);

  /// input [N, 3, (T,) H, W] of this device and type, channels last; returns [N, dim] float32: the mean over
  /// time, height and width.
  [[nodiscard]] at::Tensor forward(const at::Tensor& input) const;

  [[nodiscard]] const Network& network() const noexcept { return network_; }
  [[nodiscard]] at::ScalarType type() const noexcept { return type_; }

 private:
  struct Folded {
    at::Tensor weight, bias;  // empty for pools
  };
  [[nodiscard]] at::Tensor convolve(std::size_t step, const at::Tensor& input) const;
  [[nodiscard]] at::Tensor copy_channels(const NetworkStep& step, const at::Tensor& input) const;
  [[nodiscard]] at::Tensor pool(const NetworkStep& step, const at::Tensor& input) const;

  Network network_;
  at::ScalarType type_;
  std::vector<Folded> folded_;  // as network_.steps
};

}  // namespace tvr

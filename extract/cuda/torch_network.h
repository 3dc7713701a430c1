#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <vector>

#include "data/tensors/tensor.h"
#include "extract/networks/network.h"
#ifdef TVR_CUDA
#include "extract/cuda/kernels.h"
#endif

namespace tvr {

#ifdef TVR_CUDA
[[nodiscard]] gpu::ValueType value_type(at::ScalarType type) noexcept;
#endif

/// A Network in evaluation mode by LibTorch's operators, on any device; batch normalisation is folded into
/// the convolutions, everything lies channels last. Safe from many threads.
///
/// Two of its convolutions are written in another way than the network has them, with the same sums, because
/// cuDNN's kernels for them are slow (H200, fp16, 32 clips: 4.5 and 5.4 ms as they are, 0.2 ms for the latter
/// as it is here):
///   the first one, of 7 x 7 at a stride of 2 on three channels, is one of 4 x 4 at a stride of 1 on cells of
///   2 x 2 pixels, 12 values, filled up to 16;
///   groups of fewer than 16 channels are joined to groups of 64, with zeros where they do not mix.
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
    std::int64_t groups = 1;
    bool on_cells = false;
  };
  [[nodiscard]] Folded fold(const NetworkStep& step, const NamedTensors& weights, at::Device device) const;
  /// The whole step; `residual`: undefined where there is none.
  [[nodiscard]] at::Tensor convolve(std::size_t index, const at::Tensor& input,
                                    const at::Tensor& residual) const;
  [[nodiscard]] at::Tensor copy_channels(const NetworkStep& step, const at::Tensor& input) const;
  [[nodiscard]] at::Tensor pool(const NetworkStep& step, const at::Tensor& input) const;

  Network network_;
  at::ScalarType type_;
  std::vector<Folded> folded_;                      // as network_.steps
  mutable std::atomic<bool> cudnn_finishes_{true};  // until it turns out that this cuDNN has no such kernel
};

}  // namespace tvr

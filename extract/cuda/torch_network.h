#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <vector>

#include "data/precision.h"
#include "data/tensors/tensor.h"
#include "extract/networks/network.h"
#ifdef TVR_CUDA
#include "extract/cuda/kernels.h"
#endif

namespace tvr {

/// The type of weights and activations; tf32 is float32 that cuBLAS and cuDNN round for themselves.
[[nodiscard]] at::ScalarType scalar_type(Precision precision) noexcept;

#ifdef TVR_CUDA
[[nodiscard]] gpu::ValueType value_type(at::ScalarType type) noexcept;
#endif

/// A Network in evaluation mode, run by LibTorch's operators on any device. Batch normalisation is folded
/// into the convolutions; all tensors are channels last. Thread-safe.
///
/// Two kinds of convolution are rewritten as equivalent ones, because cuDNN's kernels for the originals are
/// slow (H200, fp16, 32 clips: 4.5 and 5.4 ms as they are, 0.2 ms for the latter rewritten):
///   the first one, 7 x 7 with stride 2 on three channels, becomes 4 x 4 with stride 1 on cells of 2 x 2
///   pixels (12 values, padded to 16 channels);
///   grouped convolutions with fewer than 16 channels per group get groups of 64, with zeros in the added
///   weights.
class TorchNetwork {
 public:
  /// `type`: of weights and activations; convolutions accumulate in float32 whatever it is.
  TorchNetwork(Network network, const NamedTensors& weights, at::Device device, at::ScalarType type);

  /// input [N, 3, (T,) H, W] of this device and type, channels last. Returns [N, dim] float32: the mean over
  /// time, height and width.
  [[nodiscard]] at::Tensor forward(const at::Tensor& input) const;

  [[nodiscard]] const Network& network() const noexcept { return network_; }
  [[nodiscard]] at::ScalarType type() const noexcept { return type_; }

 private:
  struct Folded {
    at::Tensor weight, bias;  // undefined for pools
    std::int64_t groups = 1;
    bool on_cells = false;
  };
  [[nodiscard]] Folded fold(const NetworkStep& step, const NamedTensors& weights, at::Device device) const;
  /// One step of the network; `residual`: undefined if there is none.
  [[nodiscard]] at::Tensor convolve(std::size_t index, const at::Tensor& input,
                                    const at::Tensor& residual) const;
  [[nodiscard]] at::Tensor copy_channels(const NetworkStep& step, const at::Tensor& input) const;
  [[nodiscard]] at::Tensor pool(const NetworkStep& step, const at::Tensor& input) const;

  Network network_;
  at::ScalarType type_;
  std::vector<Folded> folded_;                      // parallel to network_.steps
  mutable std::atomic<bool> cudnn_finishes_{true};  // false once cuDNN has no fused kernel
};

}  // namespace tvr

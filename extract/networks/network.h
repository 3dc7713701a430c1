#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "data/tensors/tensor.h"
#include "extract/lane.h"

namespace tvr {

/// A step of a network on numbered values: value 0 is the input, step i computes value i + 1.
struct NetworkStep {
  enum class Kind { Convolution, MaxPool } kind = Kind::Convolution;
  int input = 0;      // number of the value it reads
  int residual = -1;  // number of the value added before the ReLU; -1: none
  bool relu = false;
  std::array<int, 3> kernel{1, 1, 1}, stride{1, 1, 1},
      padding{0, 0, 0};  // time, height, width; 2D: time is 1, 1, 0
  // Convolutions only:
  int in_channels = 0, out_channels = 0, groups = 1;
  // Name of its module: "<name>.weight" [out, in / groups, (t,) h, w], without bias. Empty: no parameters;
  // channels are copied (with the stride) and additional ones are zero.
  std::string convolution;
  bool zero_sum_over_time = false;  // for random weights only: static content gives no response
  std::string norm;                 // name of the batch normalisation that follows
};

/// A convolutional network in evaluation mode, up to the mean of its last value over time, height and width,
/// as plain data.
struct Network {
  int spatial_dims = 2;  // 2: [C, H, W]; 3: [C, T, H, W]
  int clip_frames = 1;
  Normalization normalization;
  std::vector<NetworkStep> steps;

  [[nodiscard]] int dim() const noexcept { return steps.back().out_channels; }
};

/// Names and shapes of the tensors that the network reads, in order.
struct TensorShape {
  std::string name;
  std::vector<std::int64_t> shape;
};
[[nodiscard]] std::vector<TensorShape> parameters_of(const Network& network);

/// Throws Error(Mismatch) naming the first tensor that is missing, misshapen or unexpected. A classifier
/// (fc.*) and batch counters (num_batches_tracked) may be present; they are ignored.
void require_fit(const Network& network, const NamedTensors& weights, const std::string& where);

/// Seeded random weights with the reference's initialisation: convolutions normal with variance 2 / fan_out
/// (He et al. 2015), batch normalisation the identity. Equal seeds give equal bits on every machine.
[[nodiscard]] NamedTensors random_weights(const Network& network, std::uint64_t seed);

}  // namespace tvr

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/matrix.h"
#include "data/precision.h"
#include "towers/encoder_folder.h"

namespace tvr {

/// An encoder's image tower as towers/image_tower.h, run by LibTorch's operators on any device. The rows
/// between the blocks stay float32, whatever type the products have.
class TorchTower {
 public:
  /// `device` as LibTorch names it: "cpu", "cuda:0". Reads the weights. Throws what read_image_weights()
  /// throws, and Error(Device) where the weights do not fit into the device's memory.
  TorchTower(const EncoderSpec& spec, Precision precision, const std::string& device);
  ~TorchTower();
  TorchTower(TorchTower&&) noexcept;
  TorchTower& operator=(TorchTower&&) noexcept;

  [[nodiscard]] int dim() const noexcept;
  /// pictures: in host memory, rgb24, [picture_px, picture_px, 3] each. Returns [N, dim], not normalised.
  /// Thread-safe. The other pictures of a batch change a row by rounding only. Throws Error(Device) with
  /// LibTorch's message, and Error(Corrupt) rather than give a value that is not finite.
  [[nodiscard]] Matrix embed(const std::vector<const std::uint8_t*>& pictures) const;

 private:
  class Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace tvr

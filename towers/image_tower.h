#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/matrix.h"
#include "data/precision.h"
#include "towers/encoder_folder.h"
#include "towers/tower_weights.h"

namespace tvr {

/// Pictures to vectors, on the CPU.
class ImageTower {
 public:
  /// Reads the weights. Throws Error(Mismatch) naming the first missing, unexpected or misshapen tensor,
  /// Error(Unsupported) for bf16 on a CPU without it and for a precision of GPUs, and what read_weights()
  /// throws.
  explicit ImageTower(const EncoderSpec& spec, Precision precision = Precision::Fp32);
  /// The same with weights from elsewhere, which fit the encoder's shapes.
  ImageTower(const EncoderSpec& spec, const ImageTowerWeights& weights, Precision precision);
  ~ImageTower();
  ImageTower(ImageTower&&) noexcept;
  ImageTower& operator=(ImageTower&&) noexcept;

  [[nodiscard]] int dim() const noexcept;
  [[nodiscard]] int picture_px() const noexcept;
  /// pictures: rgb24, [picture_px, picture_px, 3] each, resized and cropped as the encoder's preprocessing
  /// says. Returns [N, dim], not normalised. Uses the calling thread alone; thread-safe. The other pictures
  /// of a batch change a row by rounding only. Throws Error(Corrupt) rather than give a value that is not
  /// finite.
  [[nodiscard]] Matrix embed(const std::vector<const std::uint8_t*>& pictures) const;

 private:
  class Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace tvr

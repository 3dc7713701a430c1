#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "data/precision.h"
#include "pipeline/encoders/encoder_pair.h"

namespace tvr {

/// A pretrained pair of towers (CLIP, SigLIP, PE-Core; docs/ENCODERS.md). Sentences go through the text
/// tower; videos are the rows of a store's lane of the image tower, averaged over time. It needs no training,
/// and knows every word.
class PretrainedPair : public EncoderPair {
 public:
  [[nodiscard]] virtual const std::string& id() const noexcept = 0;  // encoder_id(), the lane's weights
  /// What a cosine was multiplied by in its training.
  [[nodiscard]] virtual double logit_scale() const noexcept = 0;
};

/// The pair in a folder. `precision` is of the towers. Hashes the folder's files and loads the text tower;
/// the image tower is loaded for the first picture. Throws Error(Mismatch) for a tokenizer of another
/// vocabulary than the text tower's, and what read_encoder(), TextTower and open_tokenizer() throw.
[[nodiscard]] std::unique_ptr<PretrainedPair> open_pretrained(const std::filesystem::path& folder,
                                                              Precision precision = Precision::Fp32);

}  // namespace tvr

#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "data/precision.h"
#include "pipeline/encoders/encoder_pair.h"

namespace tvr {

/// A pretrained pair of towers: CLIP, SigLIP, PE-Core (docs/ENCODERS.md), or a plug-in's (docs/PLUGINS.md).
/// Sentences go through the text tower; videos are the rows of a store's lane of the image tower, averaged
/// over time. It needs no training, and knows every word.
class PretrainedPair : public EncoderPair {
 public:
  [[nodiscard]] virtual const std::string& id() const noexcept = 0;  // weights_id() of the image tower's lane
  /// What a cosine was multiplied by in its training.
  [[nodiscard]] virtual double logit_scale() const noexcept = 0;
};

/// The pair in a folder, or of a plug-in's manifest. `precision` is of a folder's towers. Hashes their files
/// and loads the text tower; the image tower is loaded for the first picture. Throws what native_towers() and
/// plugin_towers() throw.
[[nodiscard]] std::unique_ptr<PretrainedPair> open_pretrained(const std::filesystem::path& encoder,
                                                              Precision precision = Precision::Fp32);

}  // namespace tvr

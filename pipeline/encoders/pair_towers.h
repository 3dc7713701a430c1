#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/matrix.h"
#include "data/precision.h"
#include "extract/lane.h"
#include "extract/media/picture.h"

namespace tvr {

/// The text tower and the image tower behind a PretrainedPair. Thread-safe.
class PairTowers {
 public:
  virtual ~PairTowers() = default;
  [[nodiscard]] virtual std::string id() const = 0;  // weights_id() of the image tower's lane
  [[nodiscard]] virtual std::int64_t dim() const noexcept = 0;
  /// What a cosine was multiplied by in training.
  [[nodiscard]] virtual double logit_scale() const noexcept = 0;
  /// How a picture is scaled for the image tower.
  [[nodiscard]] virtual LaneOptions lane() const = 0;
  /// Returns [N, dim], not normalised.
  [[nodiscard]] virtual Matrix embed_text(const std::vector<std::string>& sentences) const = 0;
  /// A picture, scaled as lane() says. Returns [1, dim], not normalised. The first one loads the tower.
  [[nodiscard]] virtual Matrix embed_picture(const Picture& picture) const = 0;
};

/// The towers of an encoder's folder. Throws Error(Mismatch) for a tokenizer of another vocabulary than the
/// text tower's, and what read_encoder(), TextTower and open_tokenizer() throw.
[[nodiscard]] std::unique_ptr<PairTowers> native_towers(const std::filesystem::path& folder,
                                                        Precision precision);

/// The modules that a plug-in's manifest names. Throws Error(InvalidArgument) for a manifest without a text
/// module, and what read_plugin(), open_module() and open_tokenizer_file() throw.
[[nodiscard]] std::unique_ptr<PairTowers> plugin_towers(const std::filesystem::path& manifest);

}  // namespace tvr

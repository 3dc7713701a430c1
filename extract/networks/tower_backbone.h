#pragma once

#include <memory>
#include <string>

#include "extract/lane.h"
#include "extract/networks/backbone.h"

namespace tvr {

/// Whether a model name is the folder of a pretrained encoder pair (docs/ENCODERS.md), with a config.json or
/// an open_clip_config.json; its image tower then is the network.
[[nodiscard]] bool is_encoder(const std::string& model);

/// The frames that the image tower takes: `fps` a second, resized and cropped as the encoder's preprocessing
/// says. The lane is called after the encoder's family: "clip", "siglip", "pe-core". Throws what
/// read_encoder() throws.
[[nodiscard]] LaneOptions encoder_lane(const std::string& folder, int fps);

/// The image tower of the encoder in `options.model`, on the CPU, or on GPU number `options.gpu`, which
/// require_gpu() has found. Throws what ImageTower and TorchTower throw.
[[nodiscard]] std::unique_ptr<Backbone> load_image_tower(const BackboneOptions& options, bool on_gpu);

}  // namespace tvr

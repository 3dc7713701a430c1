#pragma once

#include <memory>
#include <string>

#include "data/tensors/tensor.h"
#include "extract/networks/backbone.h"
#include "extract/networks/network.h"

namespace tvr {

/// A network on GPU number `options.gpu`, run by LibTorch and cuDNN. A pass is a CUDA graph for a fixed
/// number of clips, a power of two, which also serves smaller batches. Batches of several threads overlap.
/// Frames may be in host memory or on that GPU. REQUIRES: require_gpu() has succeeded.
[[nodiscard]] std::unique_ptr<Backbone> cuda_backbone(Network network, const NamedTensors& weights,
                                                      const BackboneOptions& options);

}  // namespace tvr

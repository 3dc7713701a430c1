#pragma once

#include <memory>
#include <string>

#include "data/tensor.h"
#include "extract/backbone.h"
#include "extract/network.h"

namespace tvr {

/// A network on the GPU `options.gpu`, by LibTorch and cuDNN. Batches are filled up to the next power of two,
/// so that a few CUDA graphs serve all; a batch's pictures may lie in host memory or on that device. The
/// device is there: require_gpu().
[[nodiscard]] std::unique_ptr<Backbone> cuda_backbone(Network network, const NamedTensors& weights,
                                                      const BackboneOptions& options);

}  // namespace tvr

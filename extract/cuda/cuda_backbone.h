#pragma once

#include <memory>
#include <string>

#include "data/tensors/tensor.h"
#include "extract/networks/backbone.h"
#include "extract/networks/network.h"

namespace tvr {

/// A network on the GPU `options.gpu`, by LibTorch and cuDNN. A pass is a CUDA graph for so many clips, a
/// power of two, which serves smaller batches too; several threads' batches overlap. A batch's pictures may
/// lie in host memory or on that device. The device is there: require_gpu().
[[nodiscard]] std::unique_ptr<Backbone> cuda_backbone(Network network, const NamedTensors& weights,
                                                      const BackboneOptions& options);

}  // namespace tvr

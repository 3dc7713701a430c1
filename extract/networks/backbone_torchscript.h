#pragma once

#include <filesystem>
#include <memory>

#include "extract/networks/backbone.h"

namespace tvr {

/// The network of a plug-in. It is called with float32 [N, 3, height, width], or [N, 3, frames, height,
/// width] where its clips have several frames, and must give [N, dim]. A module's code runs as it is: load
/// only those that you trust. Throws what read_plugin() throws, Error(Corrupt) for a file that is no
/// TorchScript module, Error(Mismatch) for one whose rows are not [N, dim], tried on a clip of zeros.
[[nodiscard]] std::unique_ptr<Backbone> load_torchscript(const std::filesystem::path& manifest);

}  // namespace tvr

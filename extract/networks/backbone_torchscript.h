#pragma once

#include <filesystem>
#include <memory>

#include "extract/networks/backbone.h"

namespace tvr {

/// The network of a plug-in. It is called with float32 [N, 3, height, width], or [N, 3, frames, height,
/// width] if its clips have several frames, and must return [N, dim]. A module is arbitrary code: load only
/// modules that you trust. Throws what read_plugin() throws, Error(Corrupt) for a file that is not a
/// TorchScript module, Error(Mismatch) if its rows are not [N, dim], which is tested with a clip of zeros.
[[nodiscard]] std::unique_ptr<Backbone> load_torchscript(const std::filesystem::path& manifest);

}  // namespace tvr

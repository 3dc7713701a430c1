#pragma once

#include <filesystem>
#include <memory>

#include "extract/networks/backbone.h"

namespace tvr {

/// The network of a plug-in. It is called with float32 [N, 3, height, width], or [N, 3, frames, height,
/// width] if its clips have several frames, and must return [N, dim]. A TorchScript module is arbitrary code:
/// load only modules that you trust. Throws what read_plugin() and open_module() throw, Error(Mismatch) if
/// its rows are not [N, dim], Error(Unsupported) if it gives two rows for one clip; both are tried with a
/// clip of noise.
[[nodiscard]] std::unique_ptr<Backbone> load_plugin(const std::filesystem::path& manifest);

}  // namespace tvr

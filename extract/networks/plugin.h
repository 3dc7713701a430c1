#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "extract/lane.h"

namespace tvr {

/// The text tower of a plug-in whose rows are compared with sentences.
struct TextPlugin {
  std::filesystem::path module;     // takes int64 [N, context_length], gives [N, Plugin::dim]
  std::filesystem::path tokenizer;  // a file that open_tokenizer_file() reads
  int context_length = 0;
  float logit_scale = 100;  // what a cosine was multiplied by in training (OpenAI's CLIP: 100)
};

/// A user-supplied network: a TorchScript or ONNX module and the frames it needs, described by a JSON
/// manifest (docs/PLUGINS.md). It forms a lane of its own; with a text tower it is an encoder pair.
struct Plugin {
  LaneOptions sampling;     // its name is the lane's name
  bool has_filter = false;  // the manifest says by which preset frames are scaled
  Normalization normalization;
  std::filesystem::path module;
  int dim = 0;  // columns per row
  std::optional<TextPlugin> text;
};

/// Whether a model name is the path of a manifest: it ends in ".json".
[[nodiscard]] bool is_plugin(const std::string& model);

/// Whether it is the manifest of an encoder pair: it names a text module. False for a file that is no
/// manifest.
[[nodiscard]] bool is_plugin_pair(const std::string& model);

/// Throws Error(NotFound | Unreadable) if the file cannot be opened, Error(Corrupt) if it is not JSON,
/// Error(InvalidArgument) naming the key that is missing, unknown or out of range.
[[nodiscard]] Plugin read_plugin(const std::filesystem::path& manifest);

/// "torchscript sha256:<hex of the module> manifest sha256:<hex>", of a pair with " text sha256:<hex>
/// tokenizer sha256:<hex>": part of the recipe. Hashes the files. An ONNX network begins with "onnx".
[[nodiscard]] std::string plugin_id(const std::filesystem::path& manifest);

}  // namespace tvr

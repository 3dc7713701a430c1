#include "data/tensors/tensor_file.h"

#include <algorithm>

#include "data/mapped_file.h"
#include "data/tensors/pth.h"
#include "data/tensors/safetensors.h"

namespace tvr {
namespace {

/// A safetensors file starts with the length of its JSON header, then the header's opening brace.
bool looks_like_safetensors(std::string_view bytes, const std::filesystem::path& path) {
  return path.extension() == ".safetensors" ||
         (bytes.size() > 8 && bytes[8] == '{' && bytes.substr(0, 2) != "PK");
}

/// torch.nn.DataParallel prefixes every name with "module.".
void remove_module_prefix(NamedTensors& tensors) {
  const std::string prefix = "module.";
  const bool everywhere = std::all_of(tensors.begin(), tensors.end(), [&](const auto& entry) {
    return entry.first.compare(0, prefix.size(), prefix) == 0;
  });
  if (!everywhere) return;
  for (auto& entry : tensors) entry.first.erase(0, prefix.size());
}

}  // namespace

NamedTensors read_weights(const std::filesystem::path& path, const WantedTensor& wanted) {
  const bool safetensors = looks_like_safetensors(MappedFile(path).bytes(), path);
  NamedTensors tensors = safetensors ? read_safetensors(path, wanted) : read_pth(path);
  if (wanted && !safetensors) {
    tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                                 [&](const auto& entry) { return !wanted(entry.first); }),
                  tensors.end());
  }
  remove_module_prefix(tensors);
  require_finite(tensors, path.string());
  return tensors;
}

}  // namespace tvr

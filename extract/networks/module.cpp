#include "extract/networks/module.h"

#include "data/error.h"

namespace tvr {

bool is_onnx(const std::filesystem::path& file) { return file.extension() == ".onnx"; }

std::unique_ptr<Module> open_module(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    throw Error(Fault::NotFound, file.string(), "there is no such file", "The manifest names it as a module");
  }
  return is_onnx(file) ? open_onnx(file) : open_torchscript(file);
}

#ifndef TVR_ONNX
std::unique_ptr<Module> open_onnx(const std::filesystem::path& file) {
  throw Error(Fault::Unsupported, file.string(), "this program was built without onnxruntime",
              "Install it (Debian 13: libonnxruntime-dev) and build again, or write the network with "
              "torch.jit.save");
}
#endif

void refuse_result(const std::filesystem::path& module, const std::string& seen, std::int64_t dim) {
  throw Error(Fault::Mismatch, module.string(),
              "the module returned " + seen + ", wanted a tensor [N, " + std::to_string(dim) + "]",
              "Correct 'dim' in the manifest, or the module");
}

void require_rows(const std::filesystem::path& module, const std::vector<std::int64_t>& shape, std::int64_t n,
                  std::int64_t dim) {
  if (shape == std::vector<std::int64_t>{n, dim}) return;
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  refuse_result(module, "[" + text + "] for N = " + std::to_string(n), dim);
}

}  // namespace tvr

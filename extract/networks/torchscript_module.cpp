#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "data/error.h"
#include "extract/networks/module.h"

namespace tvr {
namespace {

/// A line without the dots at its end; of a long one, which lists backends and advice, the first sentence.
std::string first_sentence(std::string line) {
  constexpr std::size_t kLong = 200;
  if (line.size() > kLong) line.resize(std::min(line.find(". "), line.size()));
  while (!line.empty() && line.back() == '.') line.pop_back();
  return line;
}

/// LibTorch's reason, one line: the first of its message, or, when the module itself failed, the first after
/// the traceback, which begins "RuntimeError: " or with another error's name.
std::string reason_of(const std::exception& problem) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&problem);
  std::istringstream text(torch_error != nullptr ? torch_error->what_without_backtrace() : problem.what());
  std::string reason;
  for (std::string line; std::getline(text, line);) {
    const std::string_view word = std::string_view(line).substr(0, line.find(": "));
    const bool names_an_error = word.size() < line.size() && word.find(' ') == std::string_view::npos &&
                                word.find("Error") != std::string_view::npos;
    if (names_an_error) return first_sentence(line);
    if (reason.empty() && line.find_first_not_of(" \t\r") != std::string::npos) reason = line;
  }
  return first_sentence(reason);
}

torch::jit::Module load(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[4] = {};
  file.read(magic, sizeof magic);
  if (std::memcmp(magic, "PK\3\4", sizeof magic) != 0) {
    throw Error(Fault::Corrupt, path.string(), "not a TorchScript module", "Write it with torch.jit.save");
  }
  try {
    torch::jit::Module module = torch::jit::load(path.string(), at::kCPU);
    module.eval();
    return module;
  } catch (const std::exception& problem) {
    throw Error(Fault::Corrupt, path.string(), "LibTorch cannot load it: " + reason_of(problem),
                "Write it with torch.jit.save, of a PyTorch no newer than this program's LibTorch");
  }
}

/// Freezes the module (constant folding); a module that does not allow it runs unfrozen.
torch::jit::Module frozen(const torch::jit::Module& module) {
  try {
    return torch::jit::freeze(module);
  } catch (const std::exception&) {
    return module;
  }
}

class TorchScriptModule final : public Module {
 public:
  explicit TorchScriptModule(std::filesystem::path file)
      : file_(std::move(file)), module_(frozen(load(file_))) {
    if (!module_.find_method("forward"))
      throw Error(Fault::Mismatch, file_.string(), "the module has no method forward");
  }

  [[nodiscard]] Matrix embed(const std::vector<float>& input, const std::vector<std::int64_t>& shape,
                             std::int64_t dim) const override {
    return run(at::from_blob(const_cast<float*>(input.data()), shape, at::kFloat), dim);
  }
  [[nodiscard]] Matrix embed(const TokenBatch& batch, std::int64_t dim) const override {
    const auto count = static_cast<std::int64_t>(batch.ids.size()) / batch.length;
    return run(at::from_blob(const_cast<std::int64_t*>(batch.ids.data()), {count, batch.length}, at::kLong),
               dim);
  }

 private:
  /// A module may write into its input, which nobody reads again.
  [[nodiscard]] Matrix run(const at::Tensor& input, std::int64_t dim) const {
    const c10::InferenceMode inference;
    // The profiling executor fuses operators after a few runs: a row would depend on when it was computed.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    at::set_num_threads(1);
    try {
      return matrix_of(module_.get_method("forward")({input}), input.size(0), dim);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& problem) {
      std::string sizes = "N";
      for (const std::int64_t size : input.sizes().slice(1)) sizes += ", " + std::to_string(size);
      throw Error(Fault::Unsupported, file_.string(), "the module failed: " + reason_of(problem),
                  std::string("It is called with ") + (input.dtype() == at::kLong ? "int64" : "float32") +
                      " [" + sizes + "]");
    }
  }

  [[nodiscard]] Matrix matrix_of(const c10::IValue& result, std::int64_t count, std::int64_t dim) const {
    if (!result.isTensor()) refuse_result(file_, "a " + result.tagKind(), dim);
    const at::Tensor rows = result.toTensor();
    require_rows(file_, rows.sizes().vec(), count, dim);
    const at::Tensor values = rows.to(at::kCPU, at::kFloat).contiguous();
    Matrix matrix(count, dim);
    std::copy_n(values.data_ptr<float>(), count * dim, matrix.data());
    return matrix;
  }

  std::filesystem::path file_;
  torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<Module> open_torchscript(const std::filesystem::path& file) {
  return std::make_unique<TorchScriptModule>(file);
}

}  // namespace tvr

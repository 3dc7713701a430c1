#include "extract/networks/backbone_torchscript.h"

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
#include "data/splitmix64.h"
#include "extract/networks/plugin.h"
#include "extract/networks/preprocess.h"

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
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw Error(Fault::NotFound, path.string(), "there is no such file",
                "The manifest names it as its module");
  }
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

class TorchScriptBackbone : public Backbone {
 public:
  explicit TorchScriptBackbone(const Plugin& plugin) : plugin_(plugin), module_(frozen(load(plugin.module))) {
    if (!module_.find_method("forward")) {
      throw Error(Fault::Mismatch, plugin_.module.string(), "the module has no method forward");
    }
    require_repeatable();
  }

  [[nodiscard]] int dim() const noexcept override { return plugin_.dim; }
  [[nodiscard]] int clip_frames() const noexcept override { return plugin_.sampling.clip_frames; }

  [[nodiscard]] Matrix forward(const std::vector<const Clip*>& clips) const override {
    const c10::InferenceMode inference;
    // The profiling executor fuses operators after a few runs: a row would depend on when it was computed.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    at::set_num_threads(1);
    try {
      return matrix_of(module_.get_method("forward")({input_of(clips)}),
                       static_cast<std::int64_t>(clips.size()));
    } catch (const Error&) {
      throw;
    } catch (const std::exception& problem) {
      throw Error(Fault::Unsupported, plugin_.module.string(), "the module failed: " + reason_of(problem),
                  "It is called with " + called_with());
    }
  }

 private:
  /// A clip must give one row, or features would depend on when they were computed. Also tries the shapes.
  void require_repeatable() const {
    Clip noise;
    noise.frames = plugin_.sampling.clip_frames;
    noise.height = noise.width =
        plugin_.sampling.crop_px > 0 ? plugin_.sampling.crop_px : plugin_.sampling.short_side_px;
    noise.rgb().resize(static_cast<std::size_t>(noise.frames) * 3 *
                       static_cast<std::size_t>(noise.height * noise.width));
    std::uint64_t n = 0;
    for (std::uint8_t& value : noise.rgb())
      value = static_cast<std::uint8_t>(splitmix64(++n * kSplitMix64Step));
    const Matrix first = forward({&noise}), second = forward({&noise});
    if (std::memcmp(first.data(), second.data(), sizeof(float) * static_cast<std::size_t>(plugin_.dim)) == 0)
      return;
    throw Error(
        Fault::Unsupported, plugin_.module.string(),
        "the module returned two different rows for the same clip",
        "Remove what is random or remembers earlier clips (dropout in forward, torch.rand, counters)");
  }

  [[nodiscard]] std::string called_with() const {
    return plugin_.sampling.clip_frames == 1
               ? "float32 [N, 3, height, width]"
               : "float32 [N, 3, " + std::to_string(plugin_.sampling.clip_frames) + ", height, width]";
  }

  [[nodiscard]] at::Tensor input_of(const std::vector<const Clip*>& clips) const {
    const Clip& first = *clips.front();
    std::vector<std::int64_t> sizes = {static_cast<std::int64_t>(clips.size()), 3, first.height, first.width};
    const int frames = plugin_.sampling.clip_frames;
    if (frames > 1) sizes.insert(sizes.begin() + 2, frames);
    at::Tensor input = at::empty(sizes, at::kFloat);
    preprocess(clips, frames, plugin_.normalization, input.data_ptr<float>());
    return input;
  }

  [[nodiscard]] Matrix matrix_of(const c10::IValue& result, std::int64_t clips) const {
    const std::string wanted = "wanted a tensor [N, " + std::to_string(plugin_.dim) + "]";
    const auto refuse = [&](const std::string& seen) {
      throw Error(Fault::Mismatch, plugin_.module.string(), "the module returned " + seen + ", " + wanted,
                  "Correct 'dim' in the manifest, or the module");
    };
    if (!result.isTensor()) refuse("a " + result.tagKind());
    const at::Tensor rows = result.toTensor();
    if (rows.dim() != 2 || rows.size(0) != clips || rows.size(1) != plugin_.dim) {
      std::string shape;
      for (const std::int64_t size : rows.sizes())
        shape += (shape.empty() ? "" : ", ") + std::to_string(size);
      refuse("[" + shape + "] for N = " + std::to_string(clips));
    }
    const at::Tensor values = rows.to(at::kCPU, at::kFloat).contiguous();
    Matrix matrix(clips, plugin_.dim);
    std::copy_n(values.data_ptr<float>(), clips * plugin_.dim, matrix.data());
    return matrix;
  }

  Plugin plugin_;
  torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<Backbone> load_torchscript(const std::filesystem::path& manifest) {
  const Plugin plugin = read_plugin(manifest);
  return std::make_unique<TorchScriptBackbone>(plugin);
}

}  // namespace tvr

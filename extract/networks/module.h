#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// Sentences for a module, padded to one length.
struct TokenBatch {
  std::vector<std::int64_t> ids;   // [N, length]
  std::vector<std::int64_t> mask;  // [N, length]: 1 for a token, 0 for padding
  std::int64_t length = 0;
};

/// A network in a file that somebody else wrote: a TorchScript module, or an ONNX network where the program
/// was built with onnxruntime. It runs on the CPU, with the calling thread alone. Thread-safe.
class Module {
 public:
  virtual ~Module() = default;
  /// input: float32 of `shape`, [N, ...]. Returns [N, dim]. Throws Error(Mismatch) for another result, and
  /// Error(Unsupported) with the module's own reason where it fails.
  [[nodiscard]] virtual Matrix embed(const std::vector<float>& input, const std::vector<std::int64_t>& shape,
                                     std::int64_t dim) const = 0;
  /// The same of token ids, int64 [N, length]. An ONNX network with an input `attention_mask` is given the
  /// mask.
  [[nodiscard]] virtual Matrix embed(const TokenBatch& batch, std::int64_t dim) const = 0;
};

/// Whether a module's file is an ONNX network: it ends in ".onnx".
[[nodiscard]] bool is_onnx(const std::filesystem::path& file);

/// Throws Error(NotFound), Error(Corrupt) for a file that is no module, Error(Mismatch) for one that takes
/// other inputs, Error(Unsupported) for an ONNX network in a build without onnxruntime.
[[nodiscard]] std::unique_ptr<Module> open_module(const std::filesystem::path& file);

/// What open_module() calls for one kind or the other.
[[nodiscard]] std::unique_ptr<Module> open_torchscript(const std::filesystem::path& file);
[[nodiscard]] std::unique_ptr<Module> open_onnx(const std::filesystem::path& file);

/// Error(Mismatch): what a module returned instead of [N, dim].
[[noreturn]] void refuse_result(const std::filesystem::path& module, const std::string& seen,
                                std::int64_t dim);
/// The same, of a result with this shape; does nothing if it is [n, dim].
void require_rows(const std::filesystem::path& module, const std::vector<std::int64_t>& shape, std::int64_t n,
                  std::int64_t dim);

}  // namespace tvr

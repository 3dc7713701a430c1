#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/matrix.h"
#include "model/kernel_map.h"
#include "model/linear_fit.h"
#include "model/pairs.h"
#include "text/tf_idf.h"

namespace tvr {

/// A linear model of sentences (TF-IDF) and of pooled features, or of their coordinates in a Gaussian
/// kernel's space, with the words that it knows: linear.pth, kernel.pth.
class LinearEncoder {
 public:
  /// Fits to the pairs; captions[i] is the text of pairs.captions[i]. The smoothing is chosen on held-out
  /// training videos. Throws Error(Mismatch) where there is nothing to fit.
  LinearEncoder(const std::vector<std::string>& captions, const PairData& pairs,
                std::optional<KernelMap> kernel = std::nullopt);
  /// Reads what write() wrote, as untrusted input. Throws Error(NotFound | Corrupt | Mismatch).
  explicit LinearEncoder(const std::filesystem::path& file);
  void write(const std::filesystem::path& file) const;

  [[nodiscard]] std::int64_t dim() const noexcept { return fit_.model.dim(); }  // K
  [[nodiscard]] std::int64_t video_dim() const noexcept {
    return kernel_ ? kernel_->video_dim() : fit_.model.video_dim();
  }
  [[nodiscard]] bool is_linear() const noexcept { return !kernel_; }  // in the features
  [[nodiscard]] const LinearSmoothing& smoothing() const noexcept { return fit_.smoothing; }
  [[nodiscard]] Matrix embed_text(const std::vector<std::string>& sentences) const;  // [N, K], unit length
  [[nodiscard]] Matrix embed_video(const Matrix& parts) const;                       // [N, Dv] to [N, K]

 private:
  LinearEncoder(const NamedTensors& tensors, const std::string& where);

  struct Fit {
    LinearSmoothing smoothing;
    LinearModel model;
  };
  [[nodiscard]] static Fit fit(const LinearPairs& pairs);

  TfIdf words_;
  std::optional<KernelMap> kernel_;
  Fit fit_;
};

}  // namespace tvr

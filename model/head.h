#pragma once

#include <cstdint>
#include <string>

#include "data/matrix.h"
#include "data/tensors/tensor.h"

namespace tvr {

/// A head on a pretrained pair of towers, a linear residual on either side:
///   t' = normalize(t + A t),   v' = normalize(p + B x),
/// where t [D] is a sentence's vector of the text tower, x [Dx] a clip's pooled lanes side by side, and p its
/// first D values, those of the image tower's lane. Residuals on frozen CLIP vectors are those of
/// CLIP-Adapter (Gao et al., arXiv:2110.04544), here without a hidden layer. A and B are zero before
/// training, as in LoRA (Hu et al., arXiv:2106.09685) and in the first residual of TaskRes (Yu et al.,
/// arXiv:2211.10277), so that it starts at the pair itself.
struct Head {
  Matrix text;          // A [D, D]
  Matrix video;         // B [D, Dx], Dx >= D
  float log_scale = 0;  // log of what a cosine is multiplied by in training, CLIP's logit_scale

  [[nodiscard]] std::int64_t dim() const noexcept { return text.rows(); }         // D
  [[nodiscard]] std::int64_t video_dim() const noexcept { return video.cols(); }  // Dx

  /// [N, D] to [N, D], and [N, Dx] to [N, D]: rows of unit length. A row does not depend on the others or on
  /// the number of threads. Where the matrix is zero, t and p come out as they went in, to the bit: they have
  /// unit length already.
  [[nodiscard]] Matrix embed_text(const Matrix& sentences) const;
  [[nodiscard]] Matrix embed_video(const Matrix& parts) const;
};

/// A head before training. Throws Error(InvalidArgument) unless 1 <= dim <= video_dim.
[[nodiscard]] Head zero_head(std::int64_t dim, std::int64_t video_dim, float log_scale);

/// A head from and to a checkpoint's tensors: "text.weight" A, "video.weight" B, "logit_scale". Untrusted:
/// throws Error(Mismatch) naming a tensor that is missing or misshapen, Error(Corrupt) for a value that is no
/// number. `where`: the file, for messages.
[[nodiscard]] Head head_of(const NamedTensors& tensors, const std::string& where);
[[nodiscard]] NamedTensors state_of(const Head& head);

/// The first `count` columns of x.
[[nodiscard]] Matrix first_columns(const Matrix& x, std::int64_t count);

}  // namespace tvr

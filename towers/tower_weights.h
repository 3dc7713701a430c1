#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "towers/encoder_folder.h"

namespace tvr {

/// y = W x + b.
struct DenseWeights {
  int in = 0, out = 0;
  std::vector<float> weight;  // [out, in]
  std::vector<float> bias;    // [out], or empty
};

struct NormWeights {
  std::vector<float> scale, shift;  // [width]
};

struct BlockWeights {
  NormWeights norm_attention;
  DenseWeights query_key_value;  // [3 width, width]
  DenseWeights attention_out;
  NormWeights norm_mlp;
  DenseWeights up, down;
};

/// Attention of a learnt query, then x + mlp(norm(x)) (SigLIP's MAP head: Zhai et al., Scaling Vision
/// Transformers, arXiv:2106.04560).
struct PoolingWeights {
  std::vector<float> probe;      // [width]
  DenseWeights query_key_value;  // [3 width, width]
  DenseWeights attention_out;
  NormWeights norm_mlp;
  DenseWeights up, down;
};

struct ImageTowerWeights {
  DenseWeights patches;            // [width, 3 * patch * patch], a patch's values by colour, row, column
  std::vector<float> class_token;  // [width], or empty
  std::vector<float> positions;    // [rows, width]
  std::optional<NormWeights> norm_before;
  std::vector<BlockWeights> blocks;
  NormWeights norm_after;
  std::optional<PoolingWeights> pooling;
  std::optional<DenseWeights> projection;  // [dim, width]
};

struct TextTowerWeights {
  std::vector<float> tokens;     // [vocabulary, width]
  std::vector<float> positions;  // [context_length, width]
  std::vector<BlockWeights> blocks;
  NormWeights norm_after;
  DenseWeights projection;  // [dim, width]
  float logit_scale = 1, logit_bias = 0;
};

/// The weights of one tower, whatever its files call them: names of transformers, of open_clip (which are
/// OpenAI's and facebookresearch/perception_models', too) or of timm, told apart by the names that are there.
/// Throws Error(Mismatch) naming the first missing, misshapen or unexpected tensor, before memory is
/// allocated by anything but the file's own sizes, and what read_weights() throws.
[[nodiscard]] ImageTowerWeights read_image_weights(const EncoderSpec& spec);
[[nodiscard]] TextTowerWeights read_text_weights(const EncoderSpec& spec);

}  // namespace tvr

#include "towers/tower_weights.h"

#include <cmath>
#include <map>

#include "data/error.h"
#include "data/tensors/tensor_file.h"

namespace tvr {
namespace {

using Shape = std::vector<std::int64_t>;

/// Tensors that lie below each other and make one matrix: "<stem>weight" and "<stem>bias" with `shares` times
/// its columns' number of rows, and so on.
struct Part {
  const char* stem;
  int shares;
};
using Parts = std::vector<Part>;

/// The names within a block or a pooling.
struct BlockNames {
  std::string blocks;  // before a block's number
  const char* norm_attention;
  Parts query_key_value;
  const char* attention_out;
  const char* norm_mlp;
  const char *up, *down;
};

const BlockNames kHfBlocks{"encoder.layers.",
                           "layer_norm1.",
                           {{"self_attn.q_proj.", 1}, {"self_attn.k_proj.", 1}, {"self_attn.v_proj.", 1}},
                           "self_attn.out_proj.",
                           "layer_norm2.",
                           "mlp.fc1.",
                           "mlp.fc2."};
const BlockNames kOpenClipBlocks{"transformer.resblocks.",
                                 "ln_1.",
                                 {{"attn.in_proj_", 3}},
                                 "attn.out_proj.",
                                 "ln_2.",
                                 "mlp.c_fc.",
                                 "mlp.c_proj."};
const BlockNames kTimmBlocks{"blocks.", "norm1.",   {{"attn.qkv.", 3}}, "attn.proj.",
                             "norm2.",  "mlp.fc1.", "mlp.fc2."};

struct PoolingNames {
  const char* probe;
  Parts query_key_value;
  const char* attention_out;
  const char* norm_mlp;
  const char *up, *down;
};

/// A name that ends in '.' is a torch.nn.Linear with its bias; "...weight" one without; any other a matrix
/// [in, out].
struct ImageNames {
  const char* mark;  // a tensor by which the naming is known
  const char* prefix;
  const char* patches;
  const char* class_token;
  const char* positions;
  const char* norm_before;
  const BlockNames* blocks;
  const char* norm_after;
  PoolingNames pooling;
  const char* projection;  // without the prefix
};

const ImageNames kImageNames[] = {
    {"vision_model.embeddings.patch_embedding.weight",
     "vision_model.",
     "embeddings.patch_embedding.",
     "embeddings.class_embedding",
     "embeddings.position_embedding.weight",
     "pre_layrnorm.",
     &kHfBlocks,
     "post_layernorm.",
     {"head.probe",
      {{"head.attention.in_proj_", 3}},
      "head.attention.out_proj.",
      "head.layernorm.",
      "head.mlp.fc1.",
      "head.mlp.fc2."},
     "visual_projection.weight"},
    {"visual.conv1.weight",
     "visual.",
     "conv1.",
     "class_embedding",
     "positional_embedding",
     "ln_pre.",
     &kOpenClipBlocks,
     "ln_post.",
     {"attn_pool.probe",
      {{"attn_pool.attn.in_proj_", 3}},
      "attn_pool.attn.out_proj.",
      "attn_pool.layernorm.",
      "attn_pool.mlp.c_fc.",
      "attn_pool.mlp.c_proj."},
     "visual.proj"},
    {"visual.trunk.patch_embed.proj.weight",
     "visual.trunk.",
     "patch_embed.proj.",
     "cls_token",
     "pos_embed",
     "norm_pre.",
     &kTimmBlocks,
     "norm.",
     {"attn_pool.latent",
      {{"attn_pool.q.", 1}, {"attn_pool.kv.", 2}},
      "attn_pool.proj.",
      "attn_pool.norm.",
      "attn_pool.mlp.fc1.",
      "attn_pool.mlp.fc2."},
     "visual.trunk.head."},
};

struct TextNames {
  const char* mark;
  const char* prefix;
  const char* tokens;
  const char* positions;
  const BlockNames* blocks;
  const char* norm_after;
  const char* projection;  // without bias; without the prefix
  const char* projection_with_bias;
};

const TextNames kTextNames[] = {
    {"text_model.embeddings.token_embedding.weight", "text_model.", "embeddings.token_embedding.weight",
     "embeddings.position_embedding.weight", &kHfBlocks, "final_layer_norm.", "text_projection.weight",
     "text_model.head."},
    {"token_embedding.weight", "", "token_embedding.weight", "positional_embedding", &kOpenClipBlocks,
     "ln_final.", "text_projection", "text_projection."},
    {"text.token_embedding.weight", "text.", "token_embedding.weight", "positional_embedding",
     &kOpenClipBlocks, "ln_final.", "text.text_projection", "text.text_projection."},
};

bool begins_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool is_of_image_tower(const std::string& name) {
  return begins_with(name, "vision_model.") || begins_with(name, "visual.") ||
         begins_with(name, "visual_projection.");
}

/// Constants that some writers save along with what was learnt.
bool is_constant(const std::string& name) {
  for (const char* end : {"position_ids", "attn_mask", "input_resolution", "context_length", "vocab_size",
                          "rope.freqs", "rope.inv_freq", "rope.pos_embed"}) {
    if (ends_with(name, end)) return true;
  }
  return false;
}

/// The tensors of one tower; each is taken once.
class Tensors {
 public:
  Tensors(const EncoderSpec& spec, bool of_image_tower) {
    for (const std::filesystem::path& file : spec.weights) {
      where_ = file.string();
      const auto is_ours = [&](const std::string& name) {
        return is_of_image_tower(name) == of_image_tower && !is_constant(name);
      };
      for (auto& [name, tensor] : read_weights(file, is_ours)) {
        if (!tensors_.emplace(name, std::move(tensor)).second) bad("tensor '" + name + "' is in two shards");
      }
    }
  }

  [[nodiscard]] bool has(const std::string& name) const { return tensors_.count(name) > 0; }

  /// The values of a tensor; leading dimensions of 1 do not matter.
  [[nodiscard]] std::vector<float> take(const std::string& name, const Shape& shape) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) bad("tensor '" + name + "' is missing");
    Shape there = found->second.shape;
    while (there.size() > shape.size() && there.front() == 1) there.erase(there.begin());
    if (there != shape) {
      bad("tensor '" + name + "' has the shape " + shape_text(found->second.shape) + ", wanted " +
          shape_text(shape));
    }
    const Tensor tensor = std::move(found->second);
    tensors_.erase(found);
    return tensor.to_floats();
  }

  [[nodiscard]] NormWeights norm(const std::string& stem, int width) {
    return {take(stem + "weight", {width}), take(stem + "bias", {width})};
  }

  [[nodiscard]] DenseWeights dense(const std::string& stem, int in, int out) {
    return {in, out, take(stem + "weight", {out, in}), take(stem + "bias", {out})};
  }

  /// A matrix of `width` columns whose rows come from several tensors.
  [[nodiscard]] DenseWeights stacked(const std::string& prefix, const Parts& parts, int width) {
    DenseWeights all{width, 0, {}, {}};
    for (const Part& part : parts) {
      const DenseWeights next = dense(prefix + part.stem, width, part.shares * width);
      all.out += next.out;
      all.weight.insert(all.weight.end(), next.weight.begin(), next.weight.end());
      all.bias.insert(all.bias.end(), next.bias.begin(), next.bias.end());
    }
    return all;
  }

  /// A projection by any of the three kinds of names.
  [[nodiscard]] DenseWeights projection(const std::string& name, int in, int out) {
    if (ends_with(name, ".")) return dense(name, in, out);
    if (ends_with(name, "weight")) return {in, out, take(name, {out, in}), {}};
    const std::vector<float> transposed = take(name, {in, out});
    DenseWeights made{in, out, std::vector<float>(transposed.size()), {}};
    for (std::size_t row = 0; row < static_cast<std::size_t>(out); ++row) {
      for (std::size_t col = 0; col < static_cast<std::size_t>(in); ++col) {
        made.weight[row * static_cast<std::size_t>(in) + col] =
            transposed[col * static_cast<std::size_t>(out) + row];
      }
    }
    return made;
  }

  [[nodiscard]] std::vector<BlockWeights> blocks(const std::string& prefix, const BlockNames& names,
                                                 const TransformerShape& shape) {
    std::vector<BlockWeights> blocks;  // grows with what is there, not with what is claimed
    for (int layer = 0; layer < shape.layers; ++layer) {
      const std::string block = prefix + names.blocks + std::to_string(layer) + ".";
      BlockWeights next;
      next.norm_attention = norm(block + names.norm_attention, shape.width);
      next.query_key_value = stacked(block, names.query_key_value, shape.width);
      next.attention_out = dense(block + names.attention_out, shape.width, shape.width);
      next.norm_mlp = norm(block + names.norm_mlp, shape.width);
      next.up = dense(block + names.up, shape.width, shape.mlp_width);
      next.down = dense(block + names.down, shape.mlp_width, shape.width);
      blocks.push_back(std::move(next));
    }
    return blocks;
  }

  /// Whatever has not been taken belongs to another network.
  void require_empty() const {
    if (!tensors_.empty()) bad("tensor '" + tensors_.begin()->first + "' is not expected");
  }

  [[noreturn]] void bad(const std::string& seen) const {
    throw Error(Fault::Mismatch, where_, seen,
                "The weights are of another encoder than the config: download both again");
  }

 private:
  std::map<std::string, Tensor> tensors_;
  std::string where_;  // the last file
};

template <class Names, std::size_t Count>
const Names& naming_of(const Tensors& tensors, const Names (&known)[Count]) {
  for (const Names& names : known) {
    if (tensors.has(names.mark)) return names;
  }
  tensors.bad(std::string("tensor '") + known[0].mark + "' is missing, as are its other names");
}

float scalar(Tensors& tensors, const std::string& name, float otherwise) {
  return tensors.has(name) ? tensors.take(name, {}).front() : otherwise;
}

}  // namespace

ImageTowerWeights read_image_weights(const EncoderSpec& spec) {
  const ImageTowerShape& shape = spec.image;
  const int width = shape.transformer.width, patch = shape.patch_px;
  Tensors tensors(spec, true);
  const ImageNames& names = naming_of(tensors, kImageNames);
  const std::string prefix = names.prefix;
  ImageTowerWeights weights;
  weights.patches.in = 3 * patch * patch;
  weights.patches.out = width;
  weights.patches.weight = tensors.take(prefix + names.patches + "weight", {width, 3, patch, patch});
  if (shape.patch_bias) weights.patches.bias = tensors.take(prefix + names.patches + "bias", {width});
  if (shape.class_token) weights.class_token = tensors.take(prefix + names.class_token, {width});
  weights.positions = tensors.take(prefix + names.positions, {shape.rows(), width});
  if (shape.norm_before) weights.norm_before = tensors.norm(prefix + names.norm_before, width);
  weights.blocks = tensors.blocks(prefix, *names.blocks, shape.transformer);
  weights.norm_after = tensors.norm(prefix + names.norm_after, width);
  if (shape.pooling == TowerPooling::Attention) {
    const PoolingNames& pool = names.pooling;
    PoolingWeights pooling;
    pooling.probe = tensors.take(prefix + pool.probe, {width});
    pooling.query_key_value = tensors.stacked(prefix, pool.query_key_value, width);
    pooling.attention_out = tensors.dense(prefix + pool.attention_out, width, width);
    pooling.norm_mlp = tensors.norm(prefix + pool.norm_mlp, width);
    pooling.up = tensors.dense(prefix + pool.up, width, shape.pooling_mlp_width);
    pooling.down = tensors.dense(prefix + pool.down, shape.pooling_mlp_width, width);
    weights.pooling = std::move(pooling);
  }
  if (shape.projection) weights.projection = tensors.projection(names.projection, width, spec.dim);
  tensors.require_empty();
  return weights;
}

TextTowerWeights read_text_weights(const EncoderSpec& spec) {
  const TextTowerShape& shape = spec.text;
  const int width = shape.transformer.width;
  Tensors tensors(spec, false);
  const TextNames& names = naming_of(tensors, kTextNames);
  const std::string prefix = names.prefix;
  TextTowerWeights weights;
  weights.tokens = tensors.take(prefix + names.tokens, {shape.vocabulary, width});
  weights.positions = tensors.take(prefix + names.positions, {shape.context_length, width});
  weights.blocks = tensors.blocks(prefix, *names.blocks, shape.transformer);
  weights.norm_after = tensors.norm(prefix + names.norm_after, width);
  weights.projection = tensors.projection(
      shape.projection_bias ? names.projection_with_bias : names.projection, width, spec.dim);
  weights.logit_scale = std::exp(scalar(tensors, "logit_scale", 0));
  if (!std::isfinite(weights.logit_scale)) tensors.bad("'logit_scale' is too large for its exponential");
  weights.logit_bias = scalar(tensors, "logit_bias", 0);
  tensors.require_empty();
  return weights;
}

}  // namespace tvr

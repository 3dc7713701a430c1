#include <cctype>
#include <optional>
#include <string>

#include "towers/config_json.h"
#include "towers/config_readers.h"

namespace tvr {
namespace {

/// The number after `prefix` in `name`, and what follows it: ("patch16_224", "patch") is 16 and "_224".
std::optional<int> number_after(const std::string& name, std::size_t at, std::size_t* end) {
  int number = 0;
  std::size_t digits = 0;
  for (; at + digits < name.size() && std::isdigit(static_cast<unsigned char>(name[at + digits])) != 0;
       ++digits) {
    if (digits == 4) return std::nullopt;
    number = 10 * number + (name[at + digits] - '0');
  }
  *end = at + digits;
  return digits > 0 ? std::optional(number) : std::nullopt;
}

/// The image towers that open_clip has from timm (huggingface/pytorch-image-models: models/eva.py,
/// models/vision_transformer.py), by the beginning of their names, which go on as "<patch>_[siglip_]<size>".
struct TimmTower {
  const char* name;
  bool perception;  // PE-Core, else SigLIP
  int width, layers, heads, mlp_width;
  bool class_token;
};
constexpr TimmTower kTimmTowers[] = {
    {"vit_pe_core_tiny_patch", true, 192, 12, 3, 768, true},
    {"vit_pe_core_small_patch", true, 384, 12, 6, 1536, true},
    {"vit_pe_core_base_patch", true, 768, 12, 12, 3072, true},
    {"vit_pe_core_large_patch", true, 1024, 24, 16, 4096, true},
    {"vit_pe_core_gigantic_patch", true, 1536, 50, 16, 8960, false},
    {"vit_base_patch", false, 768, 12, 12, 3072, false},
    {"vit_large_patch", false, 1024, 24, 16, 4096, false},
};

/// The tower that timm makes by this name; `dim` is of the vectors.
std::optional<ImageTowerShape> timm_tower(const std::string& name) {
  for (const TimmTower& tower : kTimmTowers) {
    const std::string beginning = tower.name;
    if (name.rfind(beginning, 0) != 0) continue;
    std::size_t at = beginning.size();
    const std::optional<int> patch = number_after(name, at, &at);
    const std::string middle = tower.perception ? "_" : "_siglip_";
    if (!patch || *patch == 0 || name.compare(at, middle.size(), middle) != 0) continue;
    const std::optional<int> size = number_after(name, at + middle.size(), &at);
    if (!size || *size == 0 || at != name.size()) continue;
    ImageTowerShape image;
    image.transformer = {tower.width,     tower.layers,     tower.heads,
                         tower.mlp_width, Activation::Gelu, tower.perception ? 1e-5F : 1e-6F};
    image.picture_px = *size;
    image.patch_px = *patch;
    image.patch_bias = !tower.perception;
    image.class_token = tower.class_token;
    image.norm_before = image.rotary = image.projection = tower.perception;
    image.pooling = TowerPooling::Attention;
    image.pooling_heads = tower.perception ? 8 : tower.heads;
    image.pooling_mlp_width = 4 * tower.width;
    return image;
  }
  return std::nullopt;
}

/// Refuses switches of open_clip that change the network and are not implemented.
void refuse(const ConfigJson& config, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (config.is_set(key))
      config.unsupported(std::string("'") + key + "' is not supported",
                         "Known are CLIP, SigLIP and PE-Core without further switches");
  }
}

int mlp_width_of(const ConfigJson& config, int width) {
  return static_cast<int>(width * config.positive("mlp_ratio", 4.0, 64));
}

ImageTowerShape own_image_tower(const ConfigJson& config, Activation activation, float epsilon) {
  if (config.has("layers") && !config.is_number("layers")) {
    config.unsupported("its image tower is a ResNet", "Known are Vision Transformers");
  }
  refuse(config, {"ls_init_value", "attentional_pool", "no_ln_pre", "final_ln_after_pool", "input_patchnorm",
                  "global_average_pool", "qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner",
                  "scale_attn", "scale_fc", "block_type"});
  if (config.text("pool_type", "tok") != "tok" || config.text("pos_embed_type", "learnable") != "learnable")
    config.unsupported("its pool_type or pos_embed_type is not known", "Known are tok and learnable");
  ImageTowerShape image;
  TransformerShape& shape = image.transformer;
  shape.width = config.whole("width", 768, kMostWidth);
  shape.layers = config.whole("layers", 12, kMostLayers);
  shape.heads = shape.width / config.whole("head_width", 64, kMostWidth);
  shape.mlp_width = mlp_width_of(config, shape.width);
  shape.activation = activation;
  shape.epsilon = epsilon;
  image.picture_px = config.whole("image_size", 224, kMostPicturePx);
  image.patch_px = config.whole("patch_size", 16, kMostPicturePx);
  image.class_token = image.norm_before = true;
  return image;
}

/// torch.nn.LayerNorm's default, or what norm_kwargs says.
float epsilon_of(const ConfigJson& config) {
  if (!config.has("norm_kwargs")) return 1e-5F;
  return static_cast<float>(config.object("norm_kwargs").positive("eps", 1e-5, 1));
}

Activation activation_of(const ConfigJson& config, Activation otherwise) {
  if (!config.has("act_kwargs")) return otherwise;
  const std::string approximate = config.object("act_kwargs").text("approximate", "none");
  if (approximate == "none") return otherwise;
  if (approximate == "tanh") return Activation::GeluTanh;
  config.unsupported("GELU's approximate '" + approximate + "' is not known", "Known are none and tanh");
}

TextTowerShape text_tower(const ConfigJson& config, Activation activation) {
  if (config.has("hf_model_name")) {
    config.unsupported("its text tower is " + config.text("hf_model_name", "") + " of transformers",
                       "Known are text towers of CLIP, SigLIP and PE-Core");
  }
  refuse(config, {"embed_cls", "ls_init_value", "qk_norm", "scaled_cosine_attn", "scale_heads",
                  "scale_attn_inner", "scale_attn", "scale_fc", "block_type", "use_pad_mask"});
  if (config.text("proj_type", "linear") != "linear")
    config.unsupported("its proj_type is not known", "Known is linear");
  TextTowerShape text;
  TransformerShape& shape = text.transformer;
  shape.width = config.whole("width", 512, kMostWidth);
  shape.layers = config.whole("layers", 12, kMostLayers);
  shape.heads = config.whole("heads", 8, kMostWidth);
  shape.mlp_width = mlp_width_of(config, shape.width);
  shape.activation = activation_of(config, activation);
  shape.epsilon = epsilon_of(config);
  text.vocabulary = config.whole("vocab_size", 49408, kMostVocabulary);
  text.context_length = config.whole("context_length", 77, kMostContext);
  text.causal = !config.flag("no_causal_mask", false);
  text.projection_bias = config.flag("proj_bias", false);
  const std::string pool = config.text("pool_type", "argmax");
  if (pool == "eos")
    text.end_token = config.whole("eos_id", 2, kMostVocabulary, 0);
  else if (pool == "last")
    text.pooling = TowerPooling::LastToken;
  else if (pool != "argmax")
    config.unsupported("its pool_type '" + pool + "' is not known", "Known are argmax, eos and last");
  if (text.causal != (text.pooling == TowerPooling::EndToken)) {
    config.unsupported("its pool_type and no_causal_mask are of no known text tower",
                       "Known are a causal tower with the end token, and one without a mask with the last");
  }
  return text;
}

ImagePreprocessing preprocessing_of(const ConfigJson& root, int picture_px, bool from_timm) {
  ImagePreprocessing made;
  made.resize_px = made.crop_px = picture_px;
  made.mean = kClipMean;
  made.std = kClipStd;
  made.squash = false;
  if (!root.has("preprocess_cfg")) {
    // The hub's files of towers from timm always say it: their values differ from the default's.
    if (from_timm) root.bad("it has no 'preprocess_cfg'");
    return made;
  }
  const ConfigJson config = root.object("preprocess_cfg");
  made.mean = config.three("mean", kClipMean);
  made.std = config.three("std", kClipStd);
  const std::string filter = config.text("interpolation", "bicubic");
  if (filter == "bilinear")
    made.filter = PictureFilter::Bilinear;
  else if (filter != "bicubic")
    config.unsupported("its interpolation '" + filter + "' is not known", "Known are bicubic and bilinear");
  const std::string mode = config.text("resize_mode", "shortest");
  made.squash = mode == "squash";
  if (mode != "squash" && mode != "shortest")
    config.unsupported("its resize_mode '" + mode + "' is not known", "Known are shortest and squash");
  return made;
}

}  // namespace

EncoderSpec read_open_clip_config(const nlohmann::json& config, const std::string& where) {
  const ConfigJson root(config, where);
  const ConfigJson model = root.object("model_cfg");
  const ConfigJson vision = model.object("vision_cfg"), text = model.object("text_cfg");
  const Activation activation = model.flag("quick_gelu", false) ? Activation::QuickGelu : Activation::Gelu;
  EncoderSpec spec;
  spec.dim = model.whole("embed_dim", 512, kMostWidth);
  spec.text = text_tower(text, activation);
  const std::string timm = vision.text("timm_model_name", "");
  if (timm.empty()) {
    spec.family = "CLIP";
    spec.image = own_image_tower(vision, activation_of(vision, activation), epsilon_of(vision));
  } else {
    const std::optional<ImageTowerShape> image = timm_tower(timm);
    if (!image || vision.text("timm_pool", "map") != "map") {
      vision.unsupported("timm_model_name '" + timm + "' is not known",
                         "Known are vit_pe_core_{tiny,small,base,large,gigantic}_patch* and "
                         "vit_{base,large}_patch*_siglip_*; other SigLIPs are known by the config.json of "
                         "transformers");
    }
    spec.image = *image;
    spec.family = image->rotary ? "PE-Core" : "SigLIP";
    const std::string projection = vision.text("timm_proj", "");
    if ((projection == "none") == image->projection || (projection != "none" && !projection.empty()))
      vision.unsupported("its timm_proj '" + projection + "' is not known", "Known are null and none");
    if (vision.whole("image_size", image->picture_px, kMostPicturePx) != image->picture_px)
      vision.bad("its image_size is not the one in its timm_model_name");
  }
  spec.preprocessing = preprocessing_of(root, spec.image.picture_px, !timm.empty());
  return spec;
}

}  // namespace tvr

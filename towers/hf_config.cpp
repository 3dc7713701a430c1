#include <string>

#include "towers/config_json.h"
#include "towers/config_readers.h"

namespace tvr {
namespace {

using nlohmann::json;

// The defaults are those of transformers' CLIPTextConfig, CLIPVisionConfig, SiglipTextConfig and
// SiglipVisionConfig: a config.json may leave out whatever equals them.
struct Defaults {
  const char* activation;
  float epsilon;
  int text_width, text_heads, text_mlp_width;
  int vocabulary, context_length;
  int patch_px;
};
constexpr Defaults kClip{"quick_gelu", 1e-5F, 512, 8, 2048, 49408, 77, 32};
constexpr Defaults kSiglip{"gelu_pytorch_tanh", 1e-6F, 768, 12, 3072, 32000, 64, 16};
constexpr int kLayers = 12, kImageWidth = 768, kImageHeads = 12, kImageMlpWidth = 3072, kPicturePx = 224;

Activation activation_of(const ConfigJson& config, const char* otherwise) {
  const std::string name = config.text("hidden_act", otherwise);
  if (name == "quick_gelu") return Activation::QuickGelu;
  if (name == "gelu") return Activation::Gelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new") return Activation::GeluTanh;
  config.unsupported("hidden_act '" + name + "' is not known",
                     "Known are quick_gelu, gelu and gelu_pytorch_tanh");
}

TransformerShape transformer_of(const ConfigJson& config, const Defaults& defaults, int width, int heads,
                                int mlp_width) {
  TransformerShape shape;
  shape.width = config.whole("hidden_size", width, kMostWidth);
  shape.layers = config.whole("num_hidden_layers", kLayers, kMostLayers);
  shape.heads = config.whole("num_attention_heads", heads, kMostWidth);
  shape.mlp_width = config.whole("intermediate_size", mlp_width, kMostWidth);
  shape.activation = activation_of(config, defaults.activation);
  shape.epsilon = static_cast<float>(config.positive("layer_norm_eps", defaults.epsilon, 1));
  return shape;
}

ImageTowerShape image_of(const ConfigJson& config, const Defaults& defaults, bool siglip) {
  if (config.whole("num_channels", 3, kMostWidth) != 3)
    config.unsupported("num_channels is not 3", "Pictures are red, green and blue");
  ImageTowerShape image;
  image.transformer = transformer_of(config, defaults, kImageWidth, kImageHeads, kImageMlpWidth);
  image.picture_px = config.whole("image_size", kPicturePx, kMostPicturePx);
  image.patch_px = config.whole("patch_size", defaults.patch_px, kMostPicturePx);
  image.patch_bias = siglip;
  image.class_token = image.norm_before = image.projection = !siglip;
  if (!siglip) return image;
  if (!config.flag("vision_use_head", true))
    config.unsupported("vision_use_head is false: it makes no vector of a picture",
                       "Use a folder with a head");
  image.pooling = TowerPooling::Attention;
  image.pooling_heads = image.transformer.heads;
  image.pooling_mlp_width = image.transformer.mlp_width;
  return image;
}

TextTowerShape text_of(const ConfigJson& config, const Defaults& defaults, bool siglip) {
  TextTowerShape text;
  text.transformer =
      transformer_of(config, defaults, defaults.text_width, defaults.text_heads, defaults.text_mlp_width);
  text.vocabulary = config.whole("vocab_size", defaults.vocabulary, kMostVocabulary);
  text.context_length = config.whole("max_position_embeddings", defaults.context_length, kMostContext);
  text.causal = !siglip;
  text.pooling = siglip ? TowerPooling::LastToken : TowerPooling::EndToken;
  text.projection_bias = siglip;
  if (siglip) return text;
  // Configs written before the id was corrected say 2, and mean the largest id (transformers'
  // CLIPTextTransformer).
  constexpr int kMeansTheLargest = 2;
  const int end = config.whole("eos_token_id", 49407, kMostVocabulary, 0);
  if (end != kMeansTheLargest) text.end_token = end;
  return text;
}

PictureFilter filter_of(const ConfigJson& preprocessor) {
  constexpr int kBilinear = 2, kBicubic = 3;  // PIL.Image.Resampling
  switch (preprocessor.whole("resample", kBicubic, 5, 0)) {
    case kBilinear:
      return PictureFilter::Bilinear;
    case kBicubic:
      return PictureFilter::Bicubic;
    default:
      preprocessor.unsupported("its resample is neither bilinear (2) nor bicubic (3)",
                               "Use an encoder whose pictures are resized by one of these");
  }
}

/// {"height": n, "width": n} or n: the side of a square.
int square_px(const ConfigJson& preprocessor, const char* key, int otherwise) {
  if (!preprocessor.is_object(key)) return preprocessor.whole(key, otherwise, kMostPicturePx);
  const ConfigJson size = preprocessor.object(key);
  const int height = size.whole("height", 0, kMostPicturePx), width = size.whole("width", 0, kMostPicturePx);
  if (height == 0 || height != width)
    size.unsupported("it is no square", "The towers look at square pictures");
  return height;
}

ImagePreprocessing preprocessing_of(const ConfigJson& preprocessor, int picture_px, bool siglip) {
  const auto needs = [&](const char* key, bool otherwise) {
    if (!preprocessor.flag(key, otherwise))
      preprocessor.unsupported(std::string(key) + " is false",
                               "Only pictures that are resized, cropped and "
                               "normalised are supported");
  };
  needs("do_resize", true);
  needs("do_rescale", true);
  needs("do_normalize", true);
  constexpr double kScale = 1.0 / 255;
  if (std::abs(preprocessor.positive("rescale_factor", kScale, 1) - kScale) > 1e-7)
    preprocessor.unsupported("rescale_factor is not 1/255", "Use an encoder that divides by 255");

  ImagePreprocessing made;
  made.filter = filter_of(preprocessor);
  constexpr std::array<float, 3> kHalf{0.5F, 0.5F, 0.5F};
  made.mean = preprocessor.three("image_mean", siglip ? kHalf : kClipMean);
  made.std = preprocessor.three("image_std", siglip ? kHalf : kClipStd);
  const bool by_short_side =
      preprocessor.is_object("size") && preprocessor.object("size").has("shortest_edge");
  // A number alone is the short side in CLIP's preprocessor and the square in SigLIP's.
  made.squash = siglip ? !by_short_side : preprocessor.is_object("size") && !by_short_side;
  made.resize_px = by_short_side
                       ? preprocessor.object("size").whole("shortest_edge", picture_px, kMostPicturePx)
                       : square_px(preprocessor, "size", picture_px);
  if (!made.squash) needs("do_center_crop", true);
  const bool crops = preprocessor.flag("do_center_crop", !siglip);
  made.crop_px = crops ? square_px(preprocessor, "crop_size", picture_px) : made.resize_px;
  return made;
}

/// A section of the config. The oldest files have "text_config_dict", too, whose values count.
json section(const json& config, const char* key) {
  json merged = config.value(key, json());
  if (merged.is_null()) merged = json::object();
  const json older = config.value(std::string(key) + "_dict", json());
  if (merged.is_object() && older.is_object()) merged.update(older);
  return merged;
}

}  // namespace

EncoderSpec read_hf_config(const json& config, const std::string& where, const json& preprocessor,
                           const std::string& preprocessor_where) {
  const ConfigJson root(config, where);
  const std::string type = root.text("model_type", "");
  if (type == "siglip2") {
    root.unsupported("it is a SigLIP 2 for pictures of any shape (NaFlex)",
                     "Use one of a fixed size, such as google/siglip2-base-patch16-224");
  }
  if (type != "clip" && type != "siglip") {
    root.unsupported(
        "model_type '" + type + "' is not known",
        "Known are clip and siglip (SigLIP 2 of a fixed size, too), and by open_clip_config.json "
        "CLIP, SigLIP and PE-Core");
  }
  const bool siglip = type == "siglip";
  const Defaults& defaults = siglip ? kSiglip : kClip;
  const json text = section(config, "text_config"), image = section(config, "vision_config");
  EncoderSpec spec;
  spec.family = siglip ? "SigLIP" : "CLIP";
  spec.image = image_of({image, where + ": vision_config"}, defaults, siglip);
  const ConfigJson text_config(text, where + ": text_config");
  spec.text = text_of(text_config, defaults, siglip);
  spec.dim = siglip ? text_config.whole("projection_size", spec.text.transformer.width, kMostWidth)
                    : root.whole("projection_dim", 512, kMostWidth);
  spec.preprocessing = preprocessing_of({preprocessor, preprocessor_where}, spec.image.picture_px, siglip);
  return spec;
}

}  // namespace tvr

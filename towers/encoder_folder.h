#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tvr {

/// QuickGelu: x * sigmoid(1.702 x) (openai/CLIP); Gelu: with erf; GeluTanh: its approximation by tanh
/// (Hendrycks, Gimpel: Gaussian Error Linear Units, arXiv:1606.08415).
enum class Activation { QuickGelu, Gelu, GeluTanh };

/// What becomes one vector: the class token's row; a learnt probe's attention over all rows; the end token's
/// row; the last row.
enum class TowerPooling { ClassToken, Attention, EndToken, LastToken };

/// Blocks x + attention(norm(x)), x + mlp(norm(x)) (Dosovitskiy et al.: An Image is Worth 16x16 Words,
/// arXiv:2010.11929).
struct TransformerShape {
  int width = 0;  // a multiple of heads
  int layers = 0;
  int heads = 0;
  int mlp_width = 0;
  Activation activation = Activation::Gelu;
  float epsilon = 1e-5F;  // of every layer norm
};

struct ImageTowerShape {
  TransformerShape transformer;
  int picture_px = 0;  // pictures are square
  int patch_px = 0;
  bool patch_bias = false;
  bool class_token = false;
  bool norm_before = false;  // a layer norm between the positions and the blocks
  bool rotary = false;       // queries and keys are rotated by their patch's place, too
  TowerPooling pooling = TowerPooling::ClassToken;
  int pooling_heads = 0;  // with TowerPooling::Attention
  int pooling_mlp_width = 0;
  bool projection = true;

  /// Patches along a side: pixels beyond the last whole patch are not looked at.
  [[nodiscard]] int grid() const noexcept { return picture_px / patch_px; }
  /// Rows of a picture in the transformer.
  [[nodiscard]] int rows() const noexcept { return grid() * grid() + (class_token ? 1 : 0); }
};

struct TextTowerShape {
  TransformerShape transformer;
  int vocabulary = 0;
  int context_length = 0;  // most tokens of a sentence, begin and end included
  bool causal = true;
  TowerPooling pooling = TowerPooling::EndToken;
  std::optional<int> end_token;  // none: the largest id is the end token
  bool projection_bias = false;
};

enum class PictureFilter { Bicubic, Bilinear };

/// What a picture goes through before the image tower: resized, cropped, values / 255, minus mean, over std.
struct ImagePreprocessing {
  bool squash = false;  // resized to a square; otherwise its short side is resized, and the centre is cropped
  int resize_px = 0;    // of the short side, or of the square
  int crop_px = 0;      // ImageTowerShape::picture_px
  PictureFilter filter = PictureFilter::Bicubic;
  std::array<float, 3> mean{}, std{};  // of red, green, blue
};

/// A pretrained pair of towers whose vectors are compared by their cosine, as its folder describes it.
struct EncoderSpec {
  std::string family;  // "CLIP", "SigLIP", "PE-Core"
  int dim = 0;         // of the vectors of both towers
  ImageTowerShape image;
  TextTowerShape text;
  ImagePreprocessing preprocessing;
  std::vector<std::filesystem::path> configs;  // the files read; they and the weights decide the vectors
  std::vector<std::filesystem::path> weights;  // one file, or shards in the order of their names
};

/// Reads what a folder says of its towers, without the weights. Known are
///   config.json and preprocessor_config.json with model.safetensors, its shards or pytorch_model.bin
///     (huggingface/transformers): model_type clip, siglip;
///   open_clip_config.json with open_clip_model.safetensors or open_clip_pytorch_model.bin
///     (mlfoundations/open_clip): CLIP, SigLIP by timm's vit_{base,large}_patch*_siglip_*, PE-Core.
/// Every number is checked against limits no published encoder comes near; sizes agree with the weights only
/// once a tower has read them. Throws Error(NotFound) for a missing file, Error(Unsupported) for a family or
/// a switch that is not known, naming what is, Error(Corrupt) for what violates its format, Error(Mismatch)
/// for files that contradict each other.
[[nodiscard]] EncoderSpec read_encoder(const std::filesystem::path& folder);

/// "encoder sha256:<hex> ...": the hashes of the configs and of the weights, in their order. Hashes the
/// files.
[[nodiscard]] std::string encoder_id(const EncoderSpec& spec);

}  // namespace tvr

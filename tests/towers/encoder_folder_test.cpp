// Folders as they should be, and as strangers make them.
#include "towers/encoder_folder.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_encoder.h"
#include "towers/image_tower.h"
#include "towers/text_tower.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::TempFolder;
using testing::TinyEncoder;
using testing::write_file;

/// What a folder with these configs and a file of weights that nobody reads describes.
EncoderSpec read_hf(const json& config, const json& preprocessor = json::object()) {
  const TempFolder folder;
  write_file(folder / "config.json", config.dump());
  write_file(folder / "preprocessor_config.json", preprocessor.dump());
  write_file(folder / "model.safetensors", "");
  return read_encoder(folder.path());
}

/// The same of open_clip.
EncoderSpec read_open_clip(const json& model, const json& preprocess) {
  const TempFolder folder;
  json config = {{"model_cfg", model}};
  if (!preprocess.is_null()) config["preprocess_cfg"] = preprocess;
  write_file(folder / "open_clip_config.json", config.dump());
  write_file(folder / "open_clip_pytorch_model.bin", "");
  return read_encoder(folder.path());
}

TEST(ReadEncoder, FillsInWhatAClipConfigLeavesOut) {
  const EncoderSpec spec = read_hf({{"model_type", "clip"}});
  EXPECT_EQ(spec.family, "CLIP");
  EXPECT_EQ(spec.dim, 512);
  EXPECT_EQ(spec.image.transformer.width, 768);
  EXPECT_EQ(spec.image.transformer.layers, 12);
  EXPECT_EQ(spec.image.transformer.heads, 12);
  EXPECT_EQ(spec.image.transformer.mlp_width, 3072);
  EXPECT_EQ(spec.image.transformer.activation, Activation::QuickGelu);
  EXPECT_EQ(spec.image.picture_px, 224);
  EXPECT_EQ(spec.image.patch_px, 32);
  EXPECT_EQ(spec.image.rows(), 50);
  EXPECT_EQ(spec.text.transformer.width, 512);
  EXPECT_EQ(spec.text.transformer.heads, 8);
  EXPECT_EQ(spec.text.transformer.mlp_width, 2048);
  EXPECT_EQ(spec.text.vocabulary, 49408);
  EXPECT_EQ(spec.text.context_length, 77);
  EXPECT_EQ(spec.text.end_token, 49407);
  EXPECT_FALSE(spec.preprocessing.squash);
  EXPECT_EQ(spec.preprocessing.resize_px, 224);
  EXPECT_FLOAT_EQ(spec.preprocessing.mean[0], 0.48145466F);
}

TEST(ReadEncoder, FillsInWhatASiglipConfigLeavesOut) {
  const EncoderSpec spec =
      read_hf({{"model_type", "siglip"}}, {{"size", {{"height", 224}, {"width", 224}}}, {"resample", 2}});
  EXPECT_EQ(spec.family, "SigLIP");
  EXPECT_EQ(spec.dim, 768);
  EXPECT_EQ(spec.image.patch_px, 16);
  EXPECT_EQ(spec.image.rows(), 196);
  EXPECT_EQ(spec.image.pooling, TowerPooling::Attention);
  EXPECT_EQ(spec.image.transformer.activation, Activation::GeluTanh);
  EXPECT_FLOAT_EQ(spec.image.transformer.epsilon, 1e-6F);
  EXPECT_EQ(spec.text.vocabulary, 32000);
  EXPECT_EQ(spec.text.context_length, 64);
  EXPECT_FALSE(spec.text.causal);
  EXPECT_TRUE(spec.preprocessing.squash);
  EXPECT_EQ(spec.preprocessing.filter, PictureFilter::Bilinear);
  EXPECT_FLOAT_EQ(spec.preprocessing.mean[2], 0.5F);
}

TEST(ReadEncoder, TakesTwoAsEndTokenForTheLargestId) {
  EXPECT_EQ(read_hf({{"model_type", "clip"}, {"text_config", {{"eos_token_id", 2}}}}).text.end_token,
            std::nullopt);
  EXPECT_EQ(read_hf({{"model_type", "clip"}, {"text_config", {{"eos_token_id", 7}}}}).text.end_token, 7);
}

TEST(ReadEncoder, ReadsTheOldestFilesOfClip) {
  const EncoderSpec spec =
      read_hf({{"model_type", "clip"},
               {"text_config", nullptr},
               {"vision_config", {{"hidden_size", 64}}},
               {"vision_config_dict", {{"hidden_size", 1024}, {"num_attention_heads", 16}}}},
              {{"size", 224}, {"crop_size", 224}, {"resample", 3}});
  EXPECT_EQ(spec.image.transformer.width, 1024);
  EXPECT_FALSE(spec.preprocessing.squash);
}

TEST(ReadEncoder, KnowsOpenClipsConfigs) {
  const json text = {
      {"context_length", 77}, {"vocab_size", 49408}, {"width", 512}, {"heads", 8}, {"layers", 12}};
  const json b32 = {
      {"embed_dim", 512},
      {"quick_gelu", true},
      {"text_cfg", text},
      {"vision_cfg", {{"image_size", 224}, {"layers", 12}, {"width", 768}, {"patch_size", 32}}}};
  const EncoderSpec clip = read_open_clip(b32, nullptr);
  EXPECT_EQ(clip.image.transformer.heads, 12);
  EXPECT_EQ(clip.image.transformer.mlp_width, 3072);
  EXPECT_EQ(clip.image.transformer.activation, Activation::QuickGelu);
  EXPECT_EQ(clip.text.end_token, std::nullopt);

  const json perception = {{"embed_dim", 1024},
                           {"text_cfg", text},
                           {"custom_text", true},
                           {"vision_cfg",
                            {{"image_size", 336},
                             {"timm_pool", "map"},
                             {"timm_proj", nullptr},
                             {"timm_model_name", "vit_pe_core_large_patch14_336"}}}};
  const json half = {{"mean", {0.5, 0.5, 0.5}}, {"std", {0.5, 0.5, 0.5}}, {"resize_mode", "squash"}};
  const EncoderSpec pe = read_open_clip(perception, half);
  EXPECT_EQ(pe.family, "PE-Core");
  EXPECT_EQ(pe.image.rows(), 577);
  EXPECT_EQ(pe.image.pooling_heads, 8);
  EXPECT_TRUE(pe.image.rotary);
  EXPECT_TRUE(pe.preprocessing.squash);

  json siglip = {{"embed_dim", 768},
                 {"custom_text", true},
                 {"text_cfg",
                  {{"context_length", 64},
                   {"vocab_size", 256000},
                   {"width", 768},
                   {"heads", 12},
                   {"layers", 12},
                   {"no_causal_mask", true},
                   {"proj_bias", true},
                   {"pool_type", "last"},
                   {"norm_kwargs", {{"eps", 1e-6}}},
                   {"act_kwargs", {{"approximate", "tanh"}}}}},
                 {"vision_cfg",
                  {{"image_size", 224},
                   {"timm_pool", "map"},
                   {"timm_proj", "none"},
                   {"timm_model_name", "vit_base_patch16_siglip_224"}}}};
  const EncoderSpec two = read_open_clip(siglip, half);
  EXPECT_EQ(two.family, "SigLIP");
  EXPECT_FALSE(two.image.projection);
  EXPECT_EQ(two.image.transformer.activation, Activation::Gelu);
  EXPECT_EQ(two.text.transformer.activation, Activation::GeluTanh);
  EXPECT_EQ(two.text.pooling, TowerPooling::LastToken);
  siglip["vision_cfg"]["timm_model_name"] = "vit_so400m_patch14_siglip_384";
  expect_error([&] { (void)read_open_clip(siglip, half); }, Fault::Unsupported, "vit_so400m_patch14_siglip");
}

TEST(ReadEncoder, NamesWhatIsKnownWhereAFamilyIsNot) {
  expect_error(
      [] {
        (void)read_hf({{"model_type", "blip-2"}});
      },
      Fault::Unsupported, "model_type 'blip-2' is not known. Known are clip and siglip");
  expect_error([] { (void)read_hf({{"model_type", "siglip2"}}); }, Fault::Unsupported, "NaFlex");
  expect_error([] { (void)read_hf(json::object()); }, Fault::Unsupported, "model_type ''");
  const json resnet = {{"vision_cfg", {{"layers", {3, 4, 6, 3}}}}, {"text_cfg", json::object()}};
  expect_error([&] { (void)read_open_clip(resnet, nullptr); }, Fault::Unsupported, "a ResNet");
  const json roberta = {{"vision_cfg", json::object()}, {"text_cfg", {{"hf_model_name", "roberta-base"}}}};
  expect_error([&] { (void)read_open_clip(roberta, nullptr); }, Fault::Unsupported, "roberta-base");
  const json scaled = {{"vision_cfg", {{"ls_init_value", 0.1}}}, {"text_cfg", json::object()}};
  expect_error([&] { (void)read_open_clip(scaled, nullptr); }, Fault::Unsupported, "ls_init_value");
}

TEST(ReadEncoder, SaysWhichFileIsMissing) {
  const TempFolder folder;
  const auto read = [&] { (void)read_encoder(folder.path()); };
  expect_error(read, Fault::NotFound, "neither config.json nor open_clip_config.json");
  write_file(folder / "config.json", R"({"model_type": "clip"})");
  expect_error(read, Fault::NotFound, "preprocessor_config.json");
  write_file(folder / "preprocessor_config.json", "{}");
  expect_error(read, Fault::NotFound, "Wanted is one of model.safetensors");
  expect_error([&] { (void)read_encoder(folder / "nowhere"); }, Fault::NotFound, "nowhere");
}

TEST(ReadEncoder, RefusesNumbersThatAreNone) {
  const auto refused = [](const char* section, const json& values, const std::string& phrase) {
    SCOPED_TRACE(values.dump());
    expect_error([&] { (void)read_hf({{"model_type", "clip"}, {section, values}}); }, Fault::Corrupt, phrase);
  };
  for (const json& number : {json(0), json(-1), json(1.5), json("12"), json(true), json(1e300),
                             json(std::uint64_t{1} << 63U), json(INT64_MIN), json::array()}) {
    refused("vision_config", {{"num_hidden_layers", number}}, "'num_hidden_layers' is ");
    refused("text_config", {{"vocab_size", number}}, "'vocab_size' is ");
    refused("vision_config", {{"patch_size", number}}, "'patch_size' is ");
  }
  refused("vision_config", {{"num_attention_heads", 7}}, "not a multiple of 7 heads");
  refused("vision_config", {{"patch_size", 300}}, "do not fit");
  refused("vision_config", {{"layer_norm_eps", 0}}, "'layer_norm_eps' is 0");
  refused("vision_config", json::array({1}), "not a JSON object");
  refused("text_config", 5, "not a JSON object");
  expect_error([] { (void)read_hf({{"model_type", 5}}); }, Fault::Corrupt, "'model_type' is 5");
  expect_error([] { (void)read_hf(json::array()); }, Fault::Corrupt, "not a JSON object");
}

TEST(ReadEncoder, RefusesPreprocessingThatTheTowerDoesNotMean) {
  const auto read = [](const json& preprocessor) {
    return [preprocessor] { (void)read_hf({{"model_type", "clip"}}, preprocessor); };
  };
  expect_error(read({{"crop_size", 336}, {"size", 336}}), Fault::Mismatch, "but the tower looks at 224");
  expect_error(read({{"size", {{"shortest_edge", 100}}}}), Fault::Mismatch, "resized to 100");
  expect_error(read({{"resample", 1}}), Fault::Unsupported, "neither bilinear (2) nor bicubic (3)");
  expect_error(read({{"do_resize", false}}), Fault::Unsupported, "do_resize is false");
  expect_error(read({{"rescale_factor", 1}}), Fault::Unsupported, "not 1/255");
  expect_error(read({{"size", {{"height", 224}, {"width", 112}}}}), Fault::Unsupported, "no square");
  expect_error(read({{"image_std", {0, 1, 1}}}), Fault::Corrupt, "not above 0");
  expect_error(read({{"image_mean", {0, 1}}}), Fault::Corrupt, "wanted three numbers");
  expect_error(read({{"image_mean", {0, 1, "x"}}}), Fault::Corrupt, "wanted three numbers");
  expect_error(read({{"image_mean", {0, 1, 1e308}}}), Fault::Corrupt, "three numbers of less than 3.4e38");
}

TEST(ReadEncoder, ReadsShardsOfItsOwnFolderAlone) {
  const TempFolder folder;
  const TinyEncoder tiny = testing::tiny_encoder("clip_hf");
  for (const auto& [name, config] : tiny.described.at("configs").items())
    write_file(folder / name, config.dump());
  const auto index = [&](const json& map) {
    write_file(folder / "model.safetensors.index.json", json{{"weight_map", map}}.dump());
    return [&] { (void)read_encoder(folder.path()); };
  };
  for (const char* name : {"../../etc/passwd", "/etc/passwd", "..", ".", "", "a/b.safetensors"})
    expect_error(index({{"x", name}}), Fault::Corrupt, "is no plain name");
  expect_error(index({{"x", 5}}), Fault::Corrupt, "is no text");
  expect_error(index(json::object()), Fault::Corrupt, "'weight_map' is empty");
  expect_error(index(5), Fault::Corrupt, "no 'weight_map'");
  expect_error(index({{"x", "model-2.safetensors"}}), Fault::NotFound, "this shard of");

  json first, second, map;
  for (const auto& [name, rule] : tiny.described.at("tensors").items()) {
    const bool is_first = first.size() < 30;
    (is_first ? first : second)[name] = rule;
    map[name] = is_first ? "model-1.safetensors" : "model-2.safetensors";
  }
  write_file(folder / "model-1.safetensors", testing::safetensors_of(first));
  write_file(folder / "model-2.safetensors", testing::safetensors_of(second));
  index(map)();
  const EncoderSpec spec = read_encoder(folder.path());
  ASSERT_EQ(spec.weights.size(), 2u);
  EXPECT_EQ(TextTower(spec).embed(tiny.ids).rows(), 6);
  second[first.begin().key()] = first.begin().value();
  second["vision_model.pre_layrnorm.bias"] = {{24}, 1.0, 0.0};
  first["vision_model.pre_layrnorm.bias"] = {{24}, 1.0, 0.0};
  write_file(folder / "model-1.safetensors", testing::safetensors_of(first));
  write_file(folder / "model-2.safetensors", testing::safetensors_of(second));
  expect_error([&] { (void)ImageTower(spec); }, Fault::Mismatch, "is in two shards");
}

TEST(ReadEncoder, AllocatesNothingByAClaim) {
  const TempFolder folder;
  const TinyEncoder tiny = testing::tiny_encoder("clip_hf");
  write_encoder(tiny, folder.path());
  const auto with = [&](const char* section, const char* key, int value) {
    json config = tiny.described.at("configs").at("config.json");
    config[section][key] = value;
    write_file(folder / "config.json", config.dump());
    return [&] {
      const EncoderSpec spec = read_encoder(folder.path());
      (void)ImageTower(spec);
      (void)TextTower(spec);
    };
  };
  expect_error(with("vision_config", "num_hidden_layers", 1'000'000'000), Fault::Corrupt,
               "wanted a whole number from 1 to 1000");
  expect_error(with("vision_config", "num_hidden_layers", 1000), Fault::Mismatch, "layers.2.");
  expect_error(with("vision_config", "intermediate_size", 65536), Fault::Mismatch, "wanted [65536, 24]");
  expect_error(with("text_config", "vocab_size", 1 << 24), Fault::Mismatch, "wanted [16777216, 16]");
  expect_error(with("text_config", "max_position_embeddings", 65536), Fault::Mismatch, "wanted [65536, 16]");
}

TEST(ReadEncoder, RefusesWeightsThatAreNotFinite) {
  const TempFolder folder;
  const TinyEncoder tiny = testing::tiny_encoder("clip_hf");
  write_encoder(tiny, folder.path());
  json tensors = tiny.described.at("tensors");
  std::string bytes = testing::safetensors_of(tensors);
  const float bad = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(bytes.data() + bytes.size() - sizeof(bad), &bad, sizeof(bad));
  write_file(folder / "model.safetensors", bytes);
  const EncoderSpec spec = read_encoder(folder.path());
  expect_error([&] { (void)ImageTower(spec); }, Fault::Corrupt, "not finite");
}

TEST(ReadEncoder, RefusesDeepJson) {
  const TempFolder folder;
  write_file(folder / "config.json", std::string(100000, '[') + std::string(100000, ']'));
  write_file(folder / "preprocessor_config.json", "{}");
  expect_error([&] { (void)read_encoder(folder.path()); }, Fault::Corrupt, "nested deeper");
}

}  // namespace
}  // namespace tvr

#include "towers/encoder_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "data/error.h"
#include "data/fingerprint.h"
#include "data/json_text.h"
#include "data/text_file.h"
#include "towers/config_json.h"
#include "towers/config_readers.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const char* const kAdvice = "The file is damaged or made by hand: download it again";

json read_json(const fs::path& path) {
  constexpr std::uintmax_t kMostBytes = std::uintmax_t{16} << 20U;
  return parse_json(read_text_file(path, kMostBytes), path.string(), kAdvice);
}

/// The files of an index of shards, each in `folder` itself: a name from elsewhere must not lead out of it.
std::vector<fs::path> shards_of(const fs::path& index) {
  const json root = read_json(index);
  const ConfigJson config(root, index.string());
  if (!config.is_object("weight_map")) config.bad("it has no 'weight_map'");
  std::set<std::string> names;
  for (const auto& [tensor, file] : root["weight_map"].items()) {
    if (!file.is_string()) config.bad("the file of '" + tensor + "' is no text");
    const std::string name = file.get<std::string>();
    const bool plain = !name.empty() && name != "." && name != ".." && fs::path(name).filename() == name &&
                       name.find('\0') == std::string::npos;
    if (!plain) config.bad("the file '" + name + "' of '" + tensor + "' is no plain name");
    names.insert(name);
  }
  if (names.empty()) config.bad("its 'weight_map' is empty");
  std::vector<fs::path> shards;
  for (const std::string& name : names) {
    shards.push_back(index.parent_path() / name);
    if (!fs::is_regular_file(shards.back())) {
      throw Error(Fault::NotFound, shards.back().string(), "this shard of " + index.string() + " is missing",
                  "Download it into the same folder");
    }
  }
  return shards;
}

/// The first of `names` that is in `folder`; a name that ends in ".index.json" stands for its shards.
std::vector<fs::path> weights_of(const fs::path& folder, const std::vector<std::string>& names) {
  std::string listed;
  for (const std::string& name : names) {
    const fs::path path = folder / name;
    if (fs::is_regular_file(path)) {
      const std::string index = ".index.json";
      const bool is_index =
          name.size() > index.size() && name.compare(name.size() - index.size(), index.size(), index) == 0;
      return is_index ? shards_of(path) : std::vector<fs::path>{path};
    }
    listed += (listed.empty() ? "" : ", ") + name;
  }
  throw Error(Fault::NotFound, folder.string(), "it has no weights", "Wanted is one of " + listed);
}

}  // namespace

void require_consistent(const EncoderSpec& spec, const std::string& where) {
  const auto bad = [&](const std::string& seen) { throw Error(Fault::Corrupt, where, seen, kAdvice); };
  for (const TransformerShape* shape : {&spec.image.transformer, &spec.text.transformer}) {
    if (shape->heads < 1 || shape->width % shape->heads != 0) {
      bad("a width of " + std::to_string(shape->width) + " is not a multiple of " +
          std::to_string(shape->heads) + " heads");
    }
    if (shape->mlp_width < 1 || shape->mlp_width > kMostWidth)
      bad("an MLP of width " + std::to_string(shape->mlp_width) + " is not possible");
  }
  const ImageTowerShape& image = spec.image;
  if (image.patch_px > image.picture_px) {
    bad("patches of " + std::to_string(image.patch_px) + " pixels do not fit into pictures of " +
        std::to_string(image.picture_px));
  }
  if (image.pooling == TowerPooling::Attention && image.transformer.width % image.pooling_heads != 0)
    bad("the width is not a multiple of the pooling's heads");
  if (image.rotary && image.transformer.width / image.transformer.heads % 4 != 0)
    bad("a head's width is not a multiple of 4, which its rotation needs");
  if (!image.projection && image.transformer.width != spec.dim) {
    bad("the image tower makes vectors of " + std::to_string(image.transformer.width) +
        ", the text tower of " + std::to_string(spec.dim));
  }
  const ImagePreprocessing& preprocessing = spec.preprocessing;
  if (preprocessing.crop_px != image.picture_px || preprocessing.resize_px < preprocessing.crop_px) {
    throw Error(Fault::Mismatch, where,
                "pictures are resized to " + std::to_string(preprocessing.resize_px) + " and cropped to " +
                    std::to_string(preprocessing.crop_px) + " pixels, but the tower looks at " +
                    std::to_string(image.picture_px),
                "The files of the folder belong to different encoders: download them again");
  }
  for (const float value : preprocessing.std) {
    if (!(value > 0)) bad("a standard deviation of pictures is not above 0");
  }
}

EncoderSpec read_encoder(const fs::path& folder) {
  const fs::path open_clip = folder / "open_clip_config.json", hf = folder / "config.json";
  EncoderSpec spec;
  // Folders of timm's and open_clip's authors have a config.json beside it, for other programs.
  if (fs::exists(open_clip)) {
    spec = read_open_clip_config(read_json(open_clip), open_clip.string());
    spec.configs = {open_clip};
    spec.weights =
        weights_of(folder, {"open_clip_model.safetensors", "open_clip_model.safetensors.index.json",
                            "open_clip_pytorch_model.bin"});
  } else if (fs::exists(hf)) {
    const fs::path preprocessor = folder / "preprocessor_config.json";
    spec = read_hf_config(read_json(hf), hf.string(), read_json(preprocessor), preprocessor.string());
    spec.configs = {hf, preprocessor};
    spec.weights = weights_of(folder, {"model.safetensors", "model.safetensors.index.json",
                                       "pytorch_model.bin", "pytorch_model.bin.index.json"});
  } else {
    throw Error(Fault::NotFound, folder.string(), "it has neither config.json nor open_clip_config.json",
                "Name the folder of an encoder as Hugging Face serves it, with all of its files");
  }
  require_consistent(spec, spec.configs.front().string());
  return spec;
}

std::string encoder_id(const EncoderSpec& spec) {
  std::string id = "encoder";
  for (const auto* files : {&spec.configs, &spec.weights}) {
    for (const fs::path& file : *files) id += " sha256:" + sha256_file(file);
  }
  return id;
}

}  // namespace tvr

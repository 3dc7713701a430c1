#include "extract/networks/plugin.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "data/descriptor.h"
#include "data/error.h"
#include "data/fingerprint.h"
#include "data/json_text.h"
#include "extract/networks/module.h"

namespace tvr {
namespace {

using nlohmann::json;

constexpr const char* kAdvice = "docs/PLUGINS.md describes the manifest";

json read_json(const std::filesystem::path& path) {
  constexpr std::size_t kLargest = 64 << 10;
  const Descriptor file = open_regular(path);
  std::string text(kLargest + 1, '\0');
  text.resize(read_all(file, text.data(), text.size(), path.string()));
  if (text.size() > kLargest) {
    throw Error(Fault::Corrupt, path.string(), "too large for a manifest (64 KiB)", kAdvice);
  }
  json manifest = parse_json(text, path.string(), kAdvice);
  if (!manifest.is_object()) throw Error(Fault::Corrupt, path.string(), "not a JSON object", kAdvice);
  return manifest;
}

/// Accessors for a manifest's keys; record which keys were read.
class Keys {
 public:
  Keys(const json& manifest, std::string where) : manifest_(manifest), where_(std::move(where)) {}

  [[nodiscard]] std::string text(const std::string& key) { return required(key, &json::is_string, "a text"); }

  [[nodiscard]] bool has(const std::string& key) const { return manifest_.contains(key); }

  /// One of two words; `otherwise` if the key is missing.
  [[nodiscard]] std::string choice(const std::string& key, const std::string& otherwise,
                                   const std::string& other) {
    known_.insert(key);
    if (!has(key)) return otherwise;
    const std::string value = text(key);
    if (value != otherwise && value != other)
      fail(key, "is '" + value + "'", "'" + otherwise + "' or '" + other + "'");
    return value;
  }

  [[nodiscard]] int integer(const std::string& key, int least, int most, int otherwise = -1) {
    const std::string range = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    known_.insert(key);
    if (otherwise >= 0 && !manifest_.contains(key)) return otherwise;
    const json& value = required(key, &json::is_number_integer, range);
    if (value < least || value > most) fail(key, "is " + value.dump(), range);
    return value.get<int>();
  }

  [[nodiscard]] float number(const json& value, const std::string& key, bool positive) const {
    const std::string wanted = positive ? "a number above 0" : "a number";
    if (!value.is_number()) fail(key, "is " + value.dump(), wanted);
    const auto number = value.get<float>();
    if (!std::isfinite(number) || (positive && !(number > 0))) fail(key, "is " + value.dump(), wanted);
    return number;
  }

  [[nodiscard]] float logit_scale() {
    known_.insert("logit_scale");
    return has("logit_scale") ? number(manifest_["logit_scale"], "logit_scale", true)
                              : TextPlugin().logit_scale;
  }

  [[nodiscard]] float scale() {
    return number(required("scale", &json::is_number, "a number"), "scale", true);
  }

  [[nodiscard]] std::array<float, 3> colors(const std::string& key, bool positive) {
    const json& values = required(key, &json::is_array, "three numbers");
    if (values.size() != 3)
      fail(key, "has " + std::to_string(values.size()) + " values", "three, for R, G and B");
    return {number(values[0], key, positive), number(values[1], key, positive),
            number(values[2], key, positive)};
  }

  void refuse_others() const {
    for (const auto& [key, value] : manifest_.items()) {
      if (known_.count(key) > 0) continue;
      std::string names;
      for (const std::string& name : known_) names += (names.empty() ? "" : ", ") + name;
      fail(key, "is not known", names);
    }
  }

  [[noreturn]] void fail(const std::string& key, const std::string& seen, const std::string& wanted) const {
    throw Error(Fault::Corrupt, where_, "'" + key + "' " + seen + ", wanted " + wanted, kAdvice);
  }

 private:
  const json& required(const std::string& key, bool (json::*is)() const noexcept, const std::string& wanted) {
    known_.insert(key);
    const auto found = manifest_.find(key);
    if (found == manifest_.end()) fail(key, "is missing", wanted);
    if (!((*found).*is)()) fail(key, "is " + found->dump(), wanted);
    return *found;
  }

  const json& manifest_;
  std::string where_;
  std::set<std::string> known_;
};

std::string lane_name(Keys& keys) {
  const std::string name = keys.text("lane");
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (name.empty() || name.size() > 32 || !std::all_of(name.begin(), name.end(), allowed)) {
    keys.fail("lane", "is '" + name + "'", "1 to 32 of a-z, 0-9, - and _");
  }
  if (name == "2d" || name == "3d")
    keys.fail("lane", "is '" + name + "'", "a name that no built-in lane has");
  return name;
}

/// How frames are scaled: by the command's --preset, or as Pillow does where the manifest names a filter.
void read_scaling(Keys& keys, Plugin& plugin) {
  plugin.has_filter = keys.has("filter");
  const bool squash = keys.choice("resize", "short-side", "squash") == "squash";
  const bool bilinear = keys.choice("filter", "bicubic", "bilinear") == "bilinear";
  if (squash && !plugin.has_filter)
    keys.fail("filter", "is missing", "'bicubic' or 'bilinear' where 'resize' is 'squash'");
  if (squash) plugin.sampling.resize = Resize::Squash;
  if (plugin.has_filter) plugin.sampling.preset = bilinear ? Preset::PillowBilinear : Preset::PillowBicubic;
}

std::optional<TextPlugin> read_text_plugin(Keys& keys, const std::filesystem::path& folder, int clip_frames) {
  constexpr int kLongest = 4096;
  if (!keys.has("text_module")) return std::nullopt;
  if (clip_frames != 1)
    keys.fail("clip_frames", "is " + std::to_string(clip_frames), "1 for a pair with text");
  return TextPlugin{folder / keys.text("text_module"), folder / keys.text("tokenizer"),
                    keys.integer("context_length", 1, kLongest), keys.logit_scale()};
}

}  // namespace

bool is_plugin_pair(const std::string& model) {
  try {
    return is_plugin(model) && read_json(model).contains("text_module");
  } catch (const Error&) {
    return false;
  }
}

bool is_plugin(const std::string& model) { return std::filesystem::path(model).extension() == ".json"; }

Plugin read_plugin(const std::filesystem::path& manifest) {
  const json values = read_json(manifest);
  Keys keys(values, manifest.string());
  Plugin plugin;
  plugin.sampling.name = lane_name(keys);
  plugin.sampling.sample_fps = keys.integer("fps", 1, 240);
  plugin.sampling.clip_frames = keys.integer("clip_frames", 1, 1024);
  plugin.sampling.short_side_px = keys.integer("short_side", 16, 4096);
  plugin.sampling.crop_px = keys.integer("crop", 0, plugin.sampling.short_side_px, 0);
  plugin.normalization.scale = keys.scale();
  plugin.normalization.mean = keys.colors("mean", false);
  plugin.normalization.std = keys.colors("std", true);
  plugin.dim = keys.integer("dim", 1, 65536);
  plugin.module = manifest.parent_path() / keys.text("module");
  read_scaling(keys, plugin);
  plugin.text = read_text_plugin(keys, manifest.parent_path(), plugin.sampling.clip_frames);
  keys.refuse_others();
  return plugin;
}

std::string plugin_id(const std::filesystem::path& manifest) {
  const Plugin plugin = read_plugin(manifest);
  std::string id = (is_onnx(plugin.module) ? "onnx sha256:" : "torchscript sha256:") +
                   sha256_file(plugin.module) + " manifest sha256:" + sha256_file(manifest);
  if (plugin.text) {
    id += " text sha256:" + sha256_file(plugin.text->module) +
          " tokenizer sha256:" + sha256_file(plugin.text->tokenizer);
  }
  return id;
}

}  // namespace tvr

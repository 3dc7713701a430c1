#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/splitmix64.h"
#include "tests/support/write_file.h"

namespace tvr::testing {

/// `count` numbers in [-1, 1) that belong to a name: tests/parity/encoder_oracle.py has the same.
inline std::vector<double> unit_values(const std::string& name, std::size_t count) {
  std::uint64_t state = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  std::vector<double> values(count);
  for (double& value : values)
    value = static_cast<double>(splitmix64(state += kSplitMix64Step) >> 40U) / (1U << 23U) - 1;
  return values;
}

/// A pretrained pair of a few thousand weights, and what its towers make of some inputs. tiny_encoders.json
/// has one of every family: clip_hf, clip_open, siglip_hf, pe_timm.
struct TinyEncoder {
  nlohmann::json described;  // "configs", "file", "tensors", ...
  std::vector<std::vector<std::uint8_t>> pictures;
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<float> image, text;  // what the oracle computes of them
};

inline TinyEncoder tiny_encoder(const std::string& name) {
  std::ifstream file(std::filesystem::path(TVR_SOURCE_DIR) / "tests/towers/tiny_encoders.json");
  TinyEncoder tiny{nlohmann::json::parse(file).at(name), {}, {}, {}, {}};
  const nlohmann::json& all = tiny.described;
  tiny.ids = all.at("ids").get<std::vector<std::vector<std::int32_t>>>();
  tiny.image = all.at("image").get<std::vector<float>>();
  tiny.text = all.at("text").get<std::vector<float>>();
  const auto pictures = all.at("pictures").get<std::size_t>(), px = all.at("px").get<std::size_t>();
  const std::vector<double> values = unit_values(name + " pictures", pictures * px * px * 3);
  for (std::size_t i = 0; i < pictures; ++i) {
    tiny.pictures.emplace_back();
    for (std::size_t j = i * px * px * 3; j < (i + 1) * px * px * 3; ++j)
      tiny.pictures.back().push_back(static_cast<std::uint8_t>((values[j] + 1) * 128));
  }
  return tiny;
}

/// A .safetensors file of float32 tensors given as {name: [shape, scale, offset]}.
inline std::string safetensors_of(const nlohmann::json& tensors) {
  nlohmann::json header;
  std::string data;
  for (const auto& [name, rule] : tensors.items()) {
    std::size_t count = 1;
    for (const nlohmann::json& size : rule[0]) count *= size.get<std::size_t>();
    const std::size_t begin = data.size();
    const auto scale = rule[1].get<double>(), offset = rule[2].get<double>();
    data.resize(begin + count * sizeof(float));
    char* at = data.data() + begin;
    for (const double unit : unit_values(name, count)) {
      const auto value = static_cast<float>(offset + scale * unit);
      std::memcpy(at, &value, sizeof(value));
      at += sizeof(value);
    }
    header[name] = {{"dtype", "F32"}, {"shape", rule[0]}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + text + data;
}

/// Writes configs and weights as the encoder's hub serves them.
inline void write_encoder(const TinyEncoder& tiny, const std::filesystem::path& folder) {
  for (const auto& [name, config] : tiny.described.at("configs").items())
    write_file(folder / name, config.dump());
  write_file(folder / tiny.described.at("file").get<std::string>(),
             safetensors_of(tiny.described.at("tensors")));
}

}  // namespace tvr::testing

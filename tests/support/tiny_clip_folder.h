#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/tiny_encoder.h"

namespace tvr::testing {

/// The tiny CLIP of tiny_encoders.json with a vocabulary of the letters, each a token: an encoder's folder as
/// Hugging Face serves it.
inline void write_tiny_clip(const std::filesystem::path& folder) {
  write_encoder(tiny_encoder("clip_hf"), folder);
  nlohmann::json vocabulary;
  int id = 0;
  for (const char* const end : {"", "</w>"})
    for (char letter = 'a'; letter <= 'z'; ++letter) vocabulary[std::string(1, letter) + end] = id++;
  vocabulary["<|startoftext|>"] = 58;
  vocabulary["<|endoftext|>"] = 59;
  write_file(folder / "vocab.json", vocabulary.dump());
  write_file(folder / "merges.txt", "#version: 0.2\n");
}

}  // namespace tvr::testing

#pragma once

#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/text/tokenizers/golden_tokens.h"

namespace tvr::testing {

/// A tokenizer.json as Hugging Face has it for CLIP, of the golden tokens.
inline nlohmann::json clip_json() {
  using nlohmann::json;
  const auto special = [](const char* content, int id) {
    return json{{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
                {"rstrip", false}, {"normalized", false}, {"special", true}};
  };
  const char* const pattern = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
  json root = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  root["added_tokens"] = {special("<|startoftext|>", 49406), special("<|endoftext|>", 49407)};
  root["normalizer"] = {{"type", "Sequence"},
                        {"normalizers",
                         {{{"type", "NFC"}},
                          {{"type", "Replace"}, {"pattern", {{"Regex", "\\s+"}}}, {"content", " "}},
                          {{"type", "Lowercase"}}}}};
  root["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers",
       {{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Removed"}, {"invert", true}},
        {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}}}}};
  root["post_processor"] = {{"type", "RobertaProcessing"},
                            {"sep", {"<|endoftext|>", 49407}},
                            {"cls", {"<|startoftext|>", 49406}},
                            {"trim_offsets", false},
                            {"add_prefix_space", false}};
  root["decoder"] = nullptr;
  root["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", "<|endoftext|>"},
                   {"continuing_subword_prefix", ""},
                   {"end_of_word_suffix", "</w>"},
                   {"fuse_unk", false},
                   {"vocab", json::parse(kClipVocabulary)},
                   {"merges", json::parse(kClipMerges)}};
  return root;
}

/// The same for Gemma, which begins a text with <bos>.
inline nlohmann::json gemma_json() {
  using nlohmann::json;
  json root = {{"version", "1.0"}};
  root["added_tokens"] = json::array();
  const json vocabulary = json::parse(kGemmaVocabulary);
  for (const char* const content : {"<pad>", "<eos>", "<bos>", "<unk>", "<h1>"})
    root["added_tokens"].push_back(
        {{"id", vocabulary.at(content)}, {"content", content}, {"normalized", false}});
  root["normalizer"] = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\xe2\x96\x81"}};
  root["pre_tokenizer"] = nullptr;
  root["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single",
       {{{"SpecialToken", {{"id", "<bos>"}, {"type_id", 0}}}},
        {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
      {"special_tokens", {{"<bos>", {{"id", "<bos>"}, {"ids", {2}}, {"tokens", {"<bos>"}}}}}}};
  root["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", "<unk>"},
                   {"fuse_unk", true},
                   {"byte_fallback", true},
                   {"vocab", vocabulary},
                   {"merges", json::parse(kGemmaMerges)}};
  return root;
}

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U) bytes += static_cast<char>(0x80U | (value & 0x7FU));
  return bytes + static_cast<char>(value);
}

inline std::string message_field(std::uint64_t number, const std::string& bytes) {
  return varint(number << 3U | 2U) + varint(bytes.size()) + bytes;
}

inline std::string number_field(std::uint64_t number, std::uint64_t value) {
  return varint(number << 3U) + varint(value);
}

/// A piece of a model of SentencePiece; `kind` as in sentencepiece_model.proto.
struct PieceBytes {
  std::string text;
  float score = 0;
  int kind = 1;
};

/// A model with these pieces, no character map and whatever fields are given.
inline std::string sentencepiece_bytes(const std::vector<PieceBytes>& pieces, const std::string& trainer = {},
                                       const std::string& normalizer = {}) {
  std::string bytes;
  for (const PieceBytes& piece : pieces) {
    std::string score(sizeof piece.score, '\0');
    std::memcpy(score.data(), &piece.score, sizeof piece.score);
    bytes += message_field(1, message_field(1, piece.text) + varint(2U << 3U | 5U) + score +
                                  number_field(3, static_cast<std::uint64_t>(piece.kind)));
  }
  return bytes + message_field(2, trainer) + message_field(3, normalizer);
}

/// Pieces as SigLIP's model begins, and some words.
inline std::vector<PieceBytes> siglip_pieces() {
  return {{"<pad>", 0, 3},
          {"</s>", 0, 3},
          {"<unk>", 0, 2},
          {"\xe2\x96\x81", -3},
          {"a", -5},
          {"\xe2\x96\x81"
           "a",
           -2.5},
          {"cat", -6},
          {"\xe2\x96\x81"
           "cat",
           -7},
          {"c", -8},
          {"t", -8},
          {"at", -7.5},
          {"\xe2\x96\x81"
           "ca",
           -9},
          {"<", -9},
          {">", -9}};
}

}  // namespace tvr::testing

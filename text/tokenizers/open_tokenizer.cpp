#include "text/tokenizers/open_tokenizer.h"

#include <nlohmann/json.hpp>
#include <system_error>

#include "data/error.h"
#include "data/gzip.h"
#include "data/json_text.h"
#include "data/mapped_file.h"
#include "data/text_file.h"
#include "text/tokenizers/clip_vocabulary.h"
#include "text/tokenizers/normalization.h"
#include "text/tokenizers/pipeline_tokenizer.h"
#include "text/tokenizers/siglip_tokenizer.h"
#include "text/tokenizers/tokenizer_json.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Gemma's tokenizer.json has 17.5 MB, Gemma 3's 33 MB; SigLIP's spiece.model 0.8 MB, mT5's 4.3 MB.
constexpr std::uintmax_t kMostJsonBytes = std::uintmax_t{64} << 20, kMostModelBytes = std::uintmax_t{8} << 20;
constexpr std::uintmax_t kMostConfigBytes = std::uintmax_t{1} << 20;
constexpr const char *kPiecesName = "spiece.model", *kJsonName = "tokenizer.json",
                     *kVocabularyName = "vocab.json", *kMergesName = "merges.txt",
                     *kClipName = "bpe_simple_vocab_16e6.txt.gz";

bool is_file(const fs::path& path) {
  std::error_code none;
  return fs::exists(path, none);
}

/// The object in a folder's small JSON file; empty where it has none.
json read_config(const fs::path& path) {
  if (!is_file(path)) return json::object();
  json config = parse_json(read_text_file(path, kMostConfigBytes), path.string());
  if (!config.is_object()) throw Error(Fault::Corrupt, path.string(), "is not a JSON object");
  return config;
}

std::string text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A token in a config is a text, or an object with it.
std::string token_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? text_member(*found, "content")
                                                     : text_member(object, name);
}

bool wants_lower_case(const json& config) {
  const auto found = config.find("do_lower_case");
  return (found != config.end() && *found == json(true)) ||
         text_member(config, "tokenizer_class") == "Siglip2Tokenizer";
}

TokenizerSteps read_clip_merges(const fs::path& path) {
  const MappedFile file(path);
  const std::string where = path.string();
  if (path.extension() == ".gz" && !is_gzip(file.bytes())) {
    throw Error(Fault::Corrupt, where, "it is no gzip file, in spite of its name", "Download it again");
  }
  const std::string text = is_gzip(file.bytes()) ? gunzip(file.bytes(), where, kMostJsonBytes)
                                                 : read_text_file(path, kMostJsonBytes);
  file.require_unchanged();
  return clip_steps(text, where);
}

std::unique_ptr<SubwordTokenizer> read_pieces(const fs::path& path) {
  const MappedFile file(path);
  const std::string where = path.string();
  if (file.bytes().size() > kMostModelBytes) {
    throw Error(
        Fault::Limit, where,
        "has " + std::to_string(file.bytes().size()) + " bytes; a spiece.model may have at most 8 MiB");
  }
  auto tokenizer = std::make_unique<SiglipTokenizer>(parse_sentencepiece_model(file.bytes(), where), where);
  file.require_unchanged();
  return tokenizer;
}

/// What open_clip does before its tokenizer: by text_cfg of open_clip_config.json.
void set_cleaning(TokenizerSteps& steps, const json& open_clip, const fs::path& path) {
  const json::json_pointer place("/model_cfg/text_cfg");
  const json text = open_clip.contains(place) ? open_clip.at(place) : json::object();
  const bool by_hugging_face = text.contains("hf_tokenizer_name");
  const json options = text.value("tokenizer_kwargs", json::object());
  const std::string clean = options.is_object() ? text_member(options, "clean") : std::string();
  if (clean.empty() && !by_hugging_face) {
    steps.cleaning = {clean_as_clip};  // its SimpleTokenizer, which normalizes nothing
    steps.normalizers.clear();
    steps.pad = 0;
  } else if (clean.empty() || clean == "whitespace") {
    steps.cleaning = {clean_as_open_clip};
  } else if (clean == "lower") {
    steps.cleaning = {clean_as_clip};
  } else if (clean == "canonicalize") {
    steps.cleaning = {canonicalize};
  } else {
    throw Error(Fault::Unsupported, path.string(), "text is cleaned by '" + clean + "'",
                "Known are lower, whitespace and canonicalize");
  }
}

TokenizerSteps read_folder(const fs::path& folder, const json& config) {
  const fs::path json_path = folder / kJsonName, vocabulary = folder / kVocabularyName,
                 merges = folder / kMergesName, clip = folder / kClipName;
  if (is_file(json_path)) {
    return read_tokenizer_json(read_text_file(json_path, kMostJsonBytes), json_path.string(),
                               {wants_lower_case(config), token_member(config, "pad_token")});
  }
  if (is_file(vocabulary) && is_file(merges)) {
    return clip_steps(read_text_file(vocabulary, kMostJsonBytes), vocabulary.string(),
                      read_text_file(merges, kMostJsonBytes), merges.string());
  }
  if (is_file(clip)) return read_clip_merges(clip);
  std::error_code none;
  throw Error(Fault::NotFound, folder.string(),
              fs::is_directory(folder, none)
                  ? std::string("holds no tokenizer: neither ") + kPiecesName + " nor " + kJsonName +
                        " nor " + kVocabularyName + " with " + kMergesName + " nor " + kClipName
                  : "is not a folder",
              "Download the tokenizer's files, too, from where the model is from");
}

}  // namespace

std::unique_ptr<SubwordTokenizer> open_tokenizer(const fs::path& folder) {
  if (is_file(folder / kPiecesName)) return read_pieces(folder / kPiecesName);
  const fs::path open_clip_path = folder / "open_clip_config.json";
  TokenizerSteps steps = read_folder(folder, read_config(folder / "tokenizer_config.json"));
  if (is_file(open_clip_path) && !is_file(folder / "config.json"))
    set_cleaning(steps, read_config(open_clip_path), open_clip_path);
  return std::make_unique<PipelineTokenizer>(std::move(steps));
}

std::unique_ptr<SubwordTokenizer> open_tokenizer_file(const fs::path& file) {
  std::string first;
  {
    const MappedFile mapped(file);
    first = mapped.bytes().substr(0, 64);
  }
  const std::string_view begin = trim(first);
  if (!begin.empty() && begin.front() == '{')
    return std::make_unique<PipelineTokenizer>(
        read_tokenizer_json(read_text_file(file, kMostJsonBytes), file.string(), {}));
  if (is_gzip(first) || begin.find("#version:") != std::string_view::npos)
    return std::make_unique<PipelineTokenizer>(read_clip_merges(file));
  return read_pieces(file);
}

}  // namespace tvr

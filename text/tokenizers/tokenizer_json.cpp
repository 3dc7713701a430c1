#include "text/tokenizers/tokenizer_json.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <tuple>

#include "data/error.h"
#include "data/json_stream.h"
#include "data/json_text.h"
#include "text/tokenizers/clip_vocabulary.h"
#include "text/tokenizers/normalization.h"

namespace tvr {
namespace {

using nlohmann::json;

// With these no text can take long: each place of a text may be compared with as much.
constexpr std::size_t kMostNormalizers = 64, kLongestAddedToken = 256;

constexpr const char* kKnown =
    "Known are the tokenizers of CLIP (and PE-Core), SigLIP 2 (Gemma) and SigLIP's spiece.model";

[[noreturn]] void unsupported(const std::string& where, const std::string& what) {
  throw Error(Fault::Unsupported, where, what + " is not supported", kKnown);
}

std::string shown(const json& value) { return json_line(value).substr(0, 200); }

/// Of an object; null where it has none.
const json& member(const json& object, const char* name) {
  static const json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

std::string text_member(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool is_set(const json& object, const char* name) { return member(object, name) == json(true); }

std::int32_t id_of(const json& value, const std::string& where) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= kMostTokens)
    bad_vocabulary(where, "a token has the id " + shown(value));
  return value.get<std::int32_t>();
}

/// The elements of a list; of a single step, as `null` means none, that one.
std::vector<json> steps_of(const json& value, const char* list) {
  if (value.is_null()) return {};
  if (text_member(value, "type") != "Sequence") return {value};
  std::vector<json> steps;
  for (const json& element : member(value, list)) {
    const std::vector<json> inner = steps_of(element, list);
    steps.insert(steps.end(), inner.begin(), inner.end());
  }
  return steps;
}

/// What is read of a file before its steps are made.
struct Parts {
  json rest = json::object();   // all but the model
  json model = json::object();  // its options
  Vocabulary vocabulary;
  std::vector<BpeMerge> merges;
};

/// After the vocabulary.
void read_merges(JsonStream& stream, Parts& parts) {
  constexpr std::size_t kLongestMerge = 1 << 17;
  stream.expect('[');
  if (stream.take(']')) return;
  std::string left, right;
  do {
    if (stream.take('[')) {
      stream.read_string(left, kLongestMerge);
      stream.expect(',');
      stream.read_string(right, kLongestMerge);
      stream.expect(']');
    } else {
      stream.read_string(right, kLongestMerge);
      std::tie(left, right) = split_merge(right, stream.name());
    }
    parts.merges.push_back(merge_of(parts.vocabulary, left, right, stream.name()));
  } while (stream.take(','));
  stream.expect(']');
}

/// The next value, which is small: parsed JSON needs 25 times the memory of its text. The added tokens of
/// Gemma 3, the most of any, have 1 MB.
json read_small(JsonStream& stream, std::string_view text) {
  constexpr std::size_t kMostBytes = std::size_t{8} << 20;
  const std::size_t begin = stream.position();
  stream.skip_value();
  if (stream.position() - begin > kMostBytes)
    throw Error(Fault::Limit, stream.name(), "a value beside the vocabulary has more than 8 MiB");
  return parse_json(text.substr(begin, stream.position() - begin), stream.name());
}

/// Gives each key of the next value, an object, to `read`, which takes its value.
template <class Read>
void read_object(JsonStream& stream, Read read) {
  constexpr std::size_t kLongestKey = 1000;
  std::vector<std::string> keys;
  stream.expect('{');
  if (stream.take('}')) return;
  do {
    std::string key;
    stream.read_string(key, kLongestKey);
    stream.expect(':');
    if (std::find(keys.begin(), keys.end(), key) != keys.end() || keys.size() > 100)
      stream.fail("an object has the key '" + key + "' twice, or more than 100 keys");
    read(key);
    keys.push_back(std::move(key));
  } while (stream.take(','));
  stream.expect('}');
}

Parts read_parts(std::string_view text, const std::string& where) {
  Parts parts;
  std::string_view merges = "[]";  // where they stand before the vocabulary
  JsonStream stream(text, where);
  read_object(stream, [&](const std::string& key) {
    if (key != "model") {
      parts.rest[key] = read_small(stream, text);
      return;
    }
    read_object(stream, [&](const std::string& of_model) {
      if (of_model == "vocab" && stream.kind() == JsonStream::Kind::Object) {
        parts.vocabulary = read_vocabulary(stream);
      } else if (of_model == "merges" && !parts.vocabulary.empty()) {
        read_merges(stream, parts);
      } else if (of_model == "merges" || of_model == "vocab") {
        const std::size_t begin = stream.position();
        stream.skip_value();
        if (of_model == "merges") merges = text.substr(begin, stream.position() - begin);
      } else {
        parts.model[of_model] = read_small(stream, text);
      }
    });
  });
  if (!stream.at_end()) stream.fail("there is more than one value");
  JsonStream later(merges, where);
  read_merges(later, parts);
  return parts;
}

class Reader {
 public:
  Reader(std::string_view text, std::string where)
      : where_(std::move(where)), parts_(read_parts(text, where_)) {}

  TokenizerSteps read(const TokenizerConfig& config) {
    const std::string type = text_member(parts_.model, "type");
    if (type != "BPE" && !type.empty()) unsupported(where_, "a tokenizer of the type " + type);
    if (parts_.vocabulary.empty()) bad_vocabulary(where_, "it has no vocabulary");
    steps_.size = size_of(parts_.vocabulary);
    read_normalizers(config.lower_case);
    read_added_tokens();
    read_model();
    for (const json& step : steps_of(member(parts_.rest, "post_processor"), "processors"))
      read_template(step);
    read_pad(config.pad_token);
    return std::move(steps_);
  }

 private:
  void note(std::int32_t id) { steps_.size = std::max(steps_.size, id + 1); }

  void read_normalizers(bool lower_case) {
    bool lowers = false;
    for (const json& step : steps_of(member(parts_.rest, "normalizer"), "normalizers")) {
      const std::string type = text_member(step, "type");
      lowers |= type == "Lowercase";
      if (type == "NFC")
        steps_.normalizers.emplace_back(nfc);
      else if (type == "Lowercase")
        steps_.normalizers.emplace_back(lower_by_character);
      else if (type == "Replace")
        read_replacement(step);
      else
        unsupported(where_, "the normalizer " + shown(step));
    }
    if (steps_.normalizers.size() > kMostNormalizers)
      throw Error(Fault::Limit, where_, "has more than 64 normalizers");
    if (lower_case && !lowers) steps_.normalizers.insert(steps_.normalizers.begin(), lower_by_character);
  }

  void read_replacement(const json& step) {
    const json& pattern = member(step, "pattern");
    const std::string from = text_member(pattern, "String"), to = text_member(step, "content");
    if (from.size() > kLongestAddedToken || to.size() > kLongestAddedToken)
      throw Error(Fault::Limit, where_, "a normalizer replaces text of more than 256 bytes");
    if (!from.empty()) {
      blanks_stay_ = blanks_stay_ && from != " ";
      steps_.normalizers.emplace_back(
          [from, to](std::string_view text) { return replace_all(text, from, to); });
    } else if (text_member(pattern, "Regex") == R"(\s+)" && to == " ") {
      steps_.normalizers.emplace_back(collapse_white_space);
    } else {
      unsupported(where_, "the normalizer " + shown(step));
    }
  }

  std::string normalized(std::string text) const {
    for (const auto& change : steps_.normalizers) text = change(text);
    return text;
  }

  void read_added_tokens() {
    const json& list = member(parts_.rest, "added_tokens");
    if (!list.is_array() && !list.is_null()) bad_vocabulary(where_, "its added_tokens are no list");
    for (const json& token : list) {
      AddedToken added{text_member(token, "content"), id_of(member(token, "id"), where_),
                       is_set(token, "lstrip"), is_set(token, "rstrip")};
      if (added.content.empty()) bad_vocabulary(where_, "an added token is empty");
      if (added.content.size() > kLongestAddedToken)
        throw Error(Fault::Limit, where_, "an added token has more than 256 bytes");
      if (is_set(token, "single_word")) unsupported(where_, "single_word of '" + added.content + "'");
      note(added.id);
      ids_.emplace(added.content, added.id);
      if (is_set(token, "normalized")) {
        added.content = normalized(added.content);
        steps_.normalized.push_back(std::move(added));
      } else {
        steps_.added.push_back(std::move(added));
      }
    }
  }

  /// Of any token by name.
  [[nodiscard]] std::int32_t named(const std::string& name) const {
    const auto found = ids_.find(name);
    return found != ids_.end() ? found->second : tvr::id_of(parts_.vocabulary, name, where_);
  }

  void read_model() {
    for (const char* const option : {"dropout", "continuing_subword_prefix"}) {
      const json& value = member(parts_.model, option);
      if (!value.is_null() && value != json("") && value != json(0.0))
        unsupported(where_, std::string("BPE with ") + option + " " + shown(value));
    }
    if (is_set(parts_.model, "ignore_merges")) unsupported(where_, "BPE with ignore_merges");
    BpeOptions options;
    options.end_of_word = text_member(parts_.model, "end_of_word_suffix");
    options.fuse_unknown = is_set(parts_.model, "fuse_unk");
    options.byte_fallback = is_set(parts_.model, "byte_fallback");
    const std::string unknown = text_member(parts_.model, "unk_token");
    if (!unknown.empty()) options.unknown = named(unknown);
    read_pre_tokenizer(Bpe(parts_.vocabulary, parts_.merges, options));
  }

  void read_pre_tokenizer(Bpe bpe) {
    const json& pre_tokenizer = member(parts_.rest, "pre_tokenizer");
    const std::vector<json> steps = steps_of(pre_tokenizer, "pretokenizers");
    if (const auto pattern = clip_pattern(steps)) {
      steps_.model = clip_model(std::move(bpe), *pattern);
    } else if (steps.empty() || (steps.size() == 1 && splits_nothing(steps.front()))) {
      const auto shared = std::make_shared<const Bpe>(std::move(bpe));
      steps_.model = [shared](std::string_view text, std::vector<std::int32_t>& ids) {
        shared->encode(text, ids);
      };
    } else {
      unsupported(where_, "the pre-tokenizer " + shown(pre_tokenizer));
    }
  }

  /// CLIP's: a Split that keeps what its pattern finds, then ByteLevel.
  static std::optional<ClipPattern> clip_pattern(const std::vector<json>& steps) {
    if (steps.size() != 2 || text_member(steps[0], "type") != "Split" || !is_set(steps[0], "invert") ||
        text_member(steps[0], "behavior") != "Removed" || text_member(steps[1], "type") != "ByteLevel" ||
        is_set(steps[1], "add_prefix_space"))
      return {};
    const std::string pattern = text_member(member(steps[0], "pattern"), "Regex");
    if (pattern == kClipPattern) return ClipPattern::Plain;
    if (pattern == kClipPatternWithNames && member(steps[1], "use_regex") != json(false))
      return ClipPattern::WithNames;
    return {};
  }

  /// Gemma's files split at blanks after a normalizer that leaves none.
  [[nodiscard]] bool splits_nothing(const json& step) const {
    return text_member(step, "type") == "Split" && text_member(member(step, "pattern"), "String") == " " &&
           !blanks_stay_;
  }

  void read_template(const json& step) {
    const std::string type = text_member(step, "type");
    if (type == "ByteLevel") return;
    if (!steps_.before.empty() || !steps_.after.empty())
      unsupported(where_, "a second post-processor that adds tokens, " + shown(step) + ",");
    if (type == "RobertaProcessing" || type == "BertProcessing") {
      steps_.before = {id_in_pair(step, "cls")};
      steps_.after = {id_in_pair(step, "sep")};
    } else if (type == "TemplateProcessing") {
      read_parts_of_template(step);
    } else {
      unsupported(where_, "the post-processor " + shown(step));
    }
  }

  std::int32_t id_in_pair(const json& step, const char* name) {
    const json& pair = member(step, name);
    if (!pair.is_array() || pair.size() != 2)
      bad_vocabulary(where_, "the post-processor has no " + std::string(name));
    const std::int32_t id = id_of(pair[1], where_);
    note(id);
    return id;
  }

  void read_parts_of_template(const json& step) {
    bool after_text = false;
    for (const json& part : member(step, "single")) {
      const json& special = member(part, "SpecialToken");
      if (special.is_null()) {
        if (after_text || text_member(member(part, "Sequence"), "id") != "A")
          unsupported(where_, "the template " + shown(step));
        after_text = true;
        continue;
      }
      const json& named = member(member(step, "special_tokens"), text_member(special, "id").c_str());
      for (const json& id : member(named, "ids")) {
        (after_text ? steps_.after : steps_.before).push_back(id_of(id, where_));
        note(id.get<std::int32_t>());
      }
    }
    if (!after_text) unsupported(where_, "a template without the text");
  }

  void read_pad(const std::string& name) {
    const json& padding = member(member(parts_.rest, "padding"), "pad_id");
    const auto pad = ids_.find("<pad>");
    if (!name.empty())
      steps_.pad = named(name);
    else if (!padding.is_null())
      steps_.pad = id_of(padding, where_);
    else if (pad != ids_.end())
      steps_.pad = pad->second;
    else if (!steps_.after.empty())
      steps_.pad = steps_.after.back();
  }

  std::string where_;
  Parts parts_;
  TokenizerSteps steps_;
  Vocabulary ids_;  // of the added tokens
  bool blanks_stay_ = true;
};

}  // namespace

TokenizerSteps read_tokenizer_json(std::string_view text, const std::string& where,
                                   const TokenizerConfig& config) {
  return Reader(text, where).read(config);
}

}  // namespace tvr

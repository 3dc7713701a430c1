#include "data/datasets/msrvtt_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "data/datasets/video.h"
#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace {

constexpr std::size_t kMaxDepth = 64;

/// SAX handler: tracks the position in the document and keeps the fields that are used.
class AnnotationHandler {
 public:
  using Json = nlohmann::json;

  AnnotationHandler(const std::string& name, std::string_view text) : name_(name), text_(text) {}

  MsrvttAnnotations take() {
    if (!has_videos_ || !has_sentences_)
      fail(fmt::format("must be an object with 'videos' and 'sentences'; '{}' is missing",
                       has_videos_ ? "sentences" : "videos"));
    return std::move(annotations_);
  }

  // The interface of nlohmann's SAX parser; errors are thrown, so all functions return true.
  bool null() { return scalar("null"); }
  bool boolean(bool) { return scalar("a boolean"); }
  bool number_integer(std::int64_t value) { return whole_number(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) { return whole_number(std::to_string(value)); }
  bool number_float(double, const std::string&) { return scalar("a number with a fraction"); }
  bool binary(Json::binary_t&) { return scalar("binary data"); }

  bool string(std::string& value) {
    std::string* field = text_field();
    if (field == nullptr) return scalar("a string");
    *field = std::move(value);
    return true;
  }

  bool start_object(std::size_t) {
    begin_value();
    if (is_section(levels_.size() == 1 ? levels_.back().key : "")) fail_type("an array", "an object");
    if (is_entry())
      begin_entry();
    else
      require_no_field("an object");
    push(true);
    return true;
  }

  bool start_array(std::size_t) {
    if (levels_.empty()) fail("must be an object with 'videos' and 'sentences', is an array");
    begin_value();
    if (is_entry()) fail_type("an object", "an array");
    require_no_field("an array");
    if (levels_.size() == 1) {
      has_videos_ |= levels_.back().key == "videos";
      has_sentences_ |= levels_.back().key == "sentences";
    }
    push(false);
    return true;
  }

  bool key(std::string& value) {
    Level& level = levels_.back();
    if (!level.keys.insert(value).second) {
      level.key.clear();
      fail(fmt::format("has the key '{}' twice in {}", value,
                       levels_.size() == 1 ? "the outermost object" : place()));
    }
    level.key = std::move(value);
    return true;
  }

  bool end_object() {
    levels_.pop_back();
    if (is_entry()) end_entry();
    return true;
  }

  bool end_array() {
    levels_.pop_back();
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& failure) {
    const std::string_view before = text_.substr(0, std::min(position > 0 ? position - 1 : 0, text_.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    const std::string where = fmt::format("{}:{}:{}", name_, line, before.size() - line_start + 1);
    if (failure.id == 406) throw Error(Fault::Corrupt, where, "the number is out of range");
    throw Error(Fault::Corrupt, where, "not JSON: " + reason(failure.what()));
  }

 private:
  struct Level {
    bool is_object = false;
    std::int64_t index = -1;               // current element of an array
    std::string key;                       // current member of an object
    std::unordered_set<std::string> keys;  // seen so far in this object
  };

  /// The parser's message after "[json.exception.parse_error.101] parse error at line 1, column 2: ".
  static std::string reason(const std::string& words) {
    const std::size_t column = words.find("column ");
    const std::size_t colon = words.find(": ", column == std::string::npos ? 0 : column);
    return colon == std::string::npos ? words : words.substr(colon + 2);
  }

  [[noreturn]] void fail(const std::string& seen) const { throw Error(Fault::Corrupt, name_, seen); }
  [[noreturn]] void fail_type(const char* wanted, const char* seen) const {
    fail(fmt::format("{} must be {}, is {}", place(), wanted, seen));
  }

  /// "sentences[12].caption"
  std::string place() const {
    std::string path;
    for (const Level& level : levels_) {
      if (!level.is_object)
        path += fmt::format("[{}]", level.index);
      else if (!level.key.empty())
        path += (path.empty() ? "" : ".") + level.key;
    }
    return path;
  }

  void push(bool is_object) {
    if (levels_.size() == kMaxDepth) fail(fmt::format("is nested deeper than {} levels", kMaxDepth));
    levels_.emplace_back();
    levels_.back().is_object = is_object;
  }

  void begin_value() {
    if (!levels_.empty() && !levels_.back().is_object) ++levels_.back().index;
  }

  static bool is_section(const std::string& key) { return key == "videos" || key == "sentences"; }
  bool in_videos() const { return levels_.front().key == "videos"; }
  /// Whether the current value is an element of one of the two arrays.
  bool is_entry() const { return levels_.size() == 2 && !levels_[1].is_object && is_section(levels_[0].key); }
  /// Whether the current value is a field of such an element.
  bool is_field() const {
    return levels_.size() == 3 && levels_[2].is_object && !levels_[1].is_object && is_section(levels_[0].key);
  }

  void begin_entry() {
    if (in_videos())
      annotations_.videos.emplace_back();
    else
      annotations_.sentences.emplace_back();
    has_id_ = has_caption_ = false;
    sen_id_.clear();
  }

  void end_entry() {
    if (!has_id_) fail(place() + " has no 'video_id'");
    std::string& id = in_videos() ? annotations_.videos.back().id : annotations_.sentences.back().video_id;
    id = escape_video_id(id);
    validate_video_id(id, name_ + ": " + place());
    if (in_videos()) return;
    if (!has_caption_) fail(place() + " has no 'caption'");
    if (trim(annotations_.sentences.back().caption).empty())
      fail(
          fmt::format("{} has an empty caption (sen_id {})", place(), sen_id_.empty() ? "missing" : sen_id_));
    if (!sen_id_.empty() && !sen_ids_.insert(sen_id_).second) ++annotations_.repeated_sen_ids;
  }

  /// The field to which the current value belongs if it is a string; nullptr: none.
  std::string* text_field() {
    if (!is_field()) return nullptr;
    const std::string& key = levels_.back().key;
    if (key == "video_id") {
      has_id_ = true;
      return in_videos() ? &annotations_.videos.back().id : &annotations_.sentences.back().video_id;
    }
    if (in_videos()) return key == "split" ? &annotations_.videos.back().split : nullptr;
    if (key != "caption") return nullptr;
    has_caption_ = true;
    return &annotations_.sentences.back().caption;
  }

  bool whole_number(const std::string& digits) {
    if (is_field() && levels_.back().key == "sen_id") sen_id_ = digits;
    return scalar("a number");
  }

  bool scalar(const char* kind) {
    if (levels_.empty()) fail(fmt::format("must be an object with 'videos' and 'sentences', is {}", kind));
    begin_value();
    if (is_entry()) fail_type("an object", kind);
    if (levels_.size() == 1 && is_section(levels_[0].key)) fail_type("an array", kind);
    require_no_field(kind);
    return true;
  }

  /// Throws when the current value belongs to a field that must be a string.
  void require_no_field(const char* seen) {
    if (text_field() != nullptr) fail_type("a string", seen);
  }

  const std::string& name_;
  std::string_view text_;
  std::vector<Level> levels_;
  bool has_videos_ = false, has_sentences_ = false;  // whether the arrays were found
  bool has_id_ = false, has_caption_ = false;        // whether the current entry has them
  std::string sen_id_;                               // of the current entry
  std::unordered_set<std::string> sen_ids_;          // of all entries
  MsrvttAnnotations annotations_;
};

}  // namespace

bool is_msrvtt_json(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return false;
  const std::string text = read_text_file(path);
  return trim(text).substr(0, 1) == "{" && text.find("\"videos\"") != std::string::npos;
}

MsrvttAnnotations read_msrvtt_json(const std::filesystem::path& path) {
  return parse_msrvtt_json(path.string(), read_text_file(path));
}

MsrvttAnnotations parse_msrvtt_json(const std::string& name, std::string_view text) {
  AnnotationHandler handler(name, text);
  nlohmann::json::sax_parse(text.begin(), text.end(), &handler);
  return handler.take();
}

}  // namespace tvr

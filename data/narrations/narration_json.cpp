#include "data/narrations/narration_json.h"

#include <fmt/format.h>

#include <charconv>

#include "data/error.h"
#include "data/json_stream.h"
#include "data/narrations/narration_record.h"
#include "data/narrations/narration_rules.h"

namespace tvr {
namespace {

constexpr std::size_t kMostNameBytes = 16384;

const char* name_of(JsonStream::Kind kind) {
  switch (kind) {
    case JsonStream::Kind::Null:
      return "null";
    case JsonStream::Kind::Bool:
      return "a truth value";
    case JsonStream::Kind::Number:
      return "a number";
    case JsonStream::Kind::String:
      return "text";
    case JsonStream::Kind::Array:
      return "a list";
    case JsonStream::Kind::Object:
      return "an object";
  }
  return "";
}

/// Reads the value of one video.
class NarrationParser {
 public:
  NarrationParser(JsonStream& json, const std::string& where) : json_(json), where_(where) {}

  void read(Narration& narration) {
    narration.start.clear(), narration.end.clear(), narration.text.clear();
    if (json_.kind() != JsonStream::Kind::Object)
      fail(fmt::format("is {}; wanted an object with 'start', 'end' and 'text'", name_of(json_.kind())));
    json_.expect('{');
    bool has_start = false, has_end = false, has_text = false;
    if (!json_.take('}')) {
      do {
        json_.read_string(key_, kMostNameBytes);
        json_.expect(':');
        if (key_ == "start") {
          read_column(has_start, [&] { narration.start.push_back(read_time()); });
        } else if (key_ == "end") {
          read_column(has_end, [&] { narration.end.push_back(read_time()); });
        } else if (key_ == "text") {
          text_bytes_ = 0;
          read_column(has_text, [&] { narration.text.push_back(read_text()); });
        } else {
          json_.skip_value();
        }
      } while (json_.take(','));
      json_.expect('}');
    }
    if (!has_start || !has_end || !has_text)
      fail(fmt::format("has no '{}'", !has_start ? "start" : !has_end ? "end" : "text"));
    require_equal_columns(narration, where_);
  }

 private:
  template <class ReadEntry>
  void read_column(bool& is_there, const ReadEntry& read_entry) {
    if (is_there) fail(fmt::format("has '{}' twice", key_));
    is_there = true;
    if (json_.kind() != JsonStream::Kind::Array)
      fail(fmt::format("'{}' is {}; wanted a list", key_, name_of(json_.kind())));
    json_.expect('[');
    if (json_.take(']')) return;
    line_ = 0;
    do {
      if (line_ == kMostLines)
        throw Error(Fault::Limit, where_, fmt::format("has more than {} lines", kMostLines));
      read_entry();
      ++line_;
    } while (json_.take(','));
    json_.expect(']');
  }

  double read_time() {
    if (json_.kind() != JsonStream::Kind::Number) fail_entry("a number of seconds");
    return number_of(json_.read_number(), json_);
  }

  std::string read_text() {
    switch (json_.kind()) {
      case JsonStream::Kind::String: {
        std::string text;
        json_.read_string(text, kMostNarrationBytes - text_bytes_);
        text_bytes_ += text.size();
        return text;
      }
      case JsonStream::Kind::Number:
        return text_of_number(json_.read_number());
      case JsonStream::Kind::Bool:
        return line_text(json_.read_bool());
      case JsonStream::Kind::Null:
        json_.skip_value();
        return {};
      default:
        fail_entry("text");
    }
  }

  std::string text_of_number(std::string_view digits) const {
    if (!is_whole_number(digits)) return line_text(number_of(digits, json_));
    return std::string(digits == "-0" ? "0" : digits);
  }

  [[noreturn]] void fail_entry(const char* wanted) {
    fail(fmt::format("line {}: '{}' is {}; wanted {}", line_, key_, name_of(json_.kind()), wanted));
  }
  [[noreturn]] void fail(const std::string& seen) const { throw Error(Fault::Corrupt, where_, seen); }

  JsonStream& json_;
  const std::string& where_;
  std::string key_;
  std::int64_t line_ = 0;
  std::size_t text_bytes_ = 0;
};

class JsonNarrations : public NarrationSource {
 public:
  explicit JsonNarrations(const std::filesystem::path& path)
      : name_(path.string()),
        file_(open_regular(path)),
        bytes_(static_cast<std::uint64_t>(status_of(file_, name_).st_size)) {
    seek(0);
  }

  bool next(NarratedVideo& video) override {
    JsonStream& json = *json_;
    if (at_first_) {
      skip_byte_order_mark();
      if (json.kind() != JsonStream::Kind::Object)
        throw Error(
            Fault::Corrupt, name_,
            fmt::format("is {}; wanted an object with a member for every video", name_of(json.kind())));
      json.expect('{');
    }
    const bool has_more = at_first_ ? !json.take('}') : !ended_ && json.take(',');
    if (!has_more) {
      if (!at_first_ && !ended_) json.expect('}');
      at_first_ = false;
      ended_ = true;
      if (!json.at_end()) json.fail("text follows the object");
      return false;
    }
    at_first_ = false;
    std::string video_name;
    json.read_string(video_name, kMostNameBytes);
    video.id = narrated_id(video_name, fmt::format("{}: byte {}", name_, json.position()));
    json.expect(':');
    NarrationParser(json, fmt::format("{}: video '{}'", name_, video_name)).read(video.narration);
    return true;
  }

  [[nodiscard]] std::uint64_t position() const override { return json_->position(); }
  [[nodiscard]] std::uint64_t done() const override { return json_->position(); }
  [[nodiscard]] std::uint64_t total() const override { return bytes_; }
  [[nodiscard]] const char* unit() const override { return "bytes"; }

  void seek(std::uint64_t position) override {
    json_ = std::make_unique<JsonStream>(file_, name_, position);
    at_first_ = position == 0;
    ended_ = false;
  }

 private:
  void skip_byte_order_mark() {
    for (const char byte : {'\xef', '\xbb', '\xbf'})
      if (!json_->take(byte)) break;
  }

  std::string name_;
  Descriptor file_;
  std::uint64_t bytes_;
  std::unique_ptr<JsonStream> json_;
  bool at_first_ = true, ended_ = false;
};

}  // namespace

std::unique_ptr<NarrationSource> open_narration_json(const std::filesystem::path& path) {
  return std::make_unique<JsonNarrations>(path);
}

Narration parse_narration_json(std::string_view text, const std::string& where) {
  JsonStream json(text, where);
  Narration narration;
  NarrationParser(json, where).read(narration);
  if (!json.at_end()) json.fail("text follows the object");
  return narration;
}

}  // namespace tvr

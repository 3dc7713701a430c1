#include "data/narrations/narration_pickle.h"

#include <fmt/format.h>

#include "data/error.h"
#include "data/mapped_file.h"
#include "data/narrations/narration_json.h"
#include "data/narrations/narration_rules.h"
#include "data/tensors/pickle.h"

namespace tvr {
namespace {

using Kind = Pickle::Kind;

/// Python's str() of a text, a number or nothing; nullopt for anything else.
std::optional<std::string> text_of(const Pickle::Value& value) {
  switch (value.kind) {
    case Kind::String:
    case Kind::Bytes:
      return std::string(value.text);
    case Kind::None:
      return std::string();
    case Kind::Bool:
      return line_text(value.integer != 0);
    case Kind::Int:
      return line_text(value.integer);
    case Kind::Float:
      return line_text(*Pickle::number(value));
    default:
      return std::nullopt;
  }
}

class PickleNarrations : public NarrationSource {
 public:
  PickleNarrations(const std::filesystem::path& path, const Progress& progress)
      : name_(path.string()), file_(path), dict_(std::make_unique<PickleDict>(file_, name_, progress)) {}

  bool next(NarratedVideo& video) override {
    if (!next_item()) return false;
    const Pickle& pickle = dict_->pickle();
    const Pickle::Value& key = pickle[dict_->items()[at_ - 2]];
    const Pickle::Value& value = pickle[dict_->items()[at_ - 1]];
    if (key.kind != Kind::String)
      throw Error(Fault::Corrupt, name_,
                  fmt::format("the key of video {} of the pickle is not text", position_));
    const std::string where = fmt::format("{}: video '{}'", name_, key.text);
    video.id = narrated_id(key.text, where);
    video.narration =
        value.kind == Kind::String ? parse_narration_json(value.text, where) : read(value, where);
    file_.require_unchanged();
    return true;
  }

  [[nodiscard]] std::uint64_t position() const override { return position_; }
  void seek(std::uint64_t position) override {
    while (position_ < position && next_item()) {
    }
  }
  [[nodiscard]] std::uint64_t done() const override { return dict_->position(); }
  [[nodiscard]] std::uint64_t total() const override { return file_.bytes().size(); }
  [[nodiscard]] const char* unit() const override { return "bytes"; }

 private:
  /// Goes to the next key and value, which then lie before at_.
  bool next_item() {
    if (at_ == dict_->items().size()) {
      at_ = 0;
      if (!dict_->next()) return false;
    }
    at_ += 2;
    ++position_;
    return true;
  }

  [[nodiscard]] Narration read(const Pickle::Value& value, const std::string& where) const {
    const Pickle& pickle = dict_->pickle();
    if (value.kind != Kind::Dict) {
      throw Error(Fault::Corrupt, where,
                  "is neither a dict with 'start', 'end' and 'text' nor the text of one in JSON");
    }
    const auto column = [&](const char* key) -> const Pickle::Value& {
      const Pickle::Value* const found = pickle.get(value, key);
      if (found == nullptr) throw Error(Fault::Corrupt, where, fmt::format("has no '{}'", key));
      return *found;
    };
    Narration narration;
    narration.start = times(column("start"), "start", where);
    narration.end = times(column("end"), "end", where);
    narration.text = texts(column("text"), where);
    require_equal_columns(narration, where);
    return narration;
  }

  [[nodiscard]] std::vector<double> times(const Pickle::Value& column, const char* key,
                                          const std::string& where) const {
    std::optional<std::vector<double>> numbers = dict_->pickle().numbers(column);
    if (!numbers)
      throw Error(Fault::Corrupt, where, fmt::format("'{}' is not a list or an array of numbers", key));
    return std::move(*numbers);
  }

  [[nodiscard]] std::vector<std::string> texts(const Pickle::Value& column, const std::string& where) const {
    std::vector<std::string> texts;
    if (const std::optional<Tensor> numbers = Pickle::tensor(column)) {  // NaN alone, of a video without text
      const bool whole =
          numbers->dtype != DType::F64 && numbers->dtype != DType::F32 && numbers->dtype != DType::F16;
      for (const double number : numbers->to_doubles())
        texts.push_back(whole ? line_text(static_cast<std::int64_t>(number)) : line_text(number));
      return texts;
    }
    if (column.kind != Kind::List && column.kind != Kind::Tuple && column.kind != Kind::Array)
      throw Error(Fault::Corrupt, where, "'text' is not a list or an array");
    for (const Pickle::Id item : column.items) {
      std::optional<std::string> text = text_of(dict_->pickle()[item]);
      if (!text)
        throw Error(Fault::Corrupt, where,
                    fmt::format("line {}: 'text' is neither text nor a number", texts.size()));
      texts.push_back(std::move(*text));
    }
    return texts;
  }

  std::string name_;
  MappedFile file_;
  std::unique_ptr<PickleDict> dict_;
  std::size_t at_ = 0;          // in the dict's items, behind the last that was read
  std::uint64_t position_ = 0;  // videos that were read
};

}  // namespace

std::unique_ptr<NarrationSource> open_narration_pickle(const std::filesystem::path& path,
                                                       const Progress& progress) {
  return std::make_unique<PickleNarrations>(path, progress);
}

}  // namespace tvr

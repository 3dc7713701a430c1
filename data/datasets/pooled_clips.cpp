#include "data/datasets/pooled_clips.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "data/datasets/dataset_notes.h"
#include "data/datasets/split_files.h"
#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;

constexpr const char* kAdvice =
    "Wanted: a list of {'id': text, 'caption': text, '2d': numpy vector, '3d': numpy vector}";

/// A vector of numbers, [D].
bool is_vector(const Value& value) {
  const NumpyArray& array = Pickle::array(value);
  return value.kind == Kind::Array && array.type.element == NumpyType::Element::Number &&
         array.shape.size() == 1 && array.shape[0] > 0;
}

bool is_missing(const Value& value) {
  const std::optional<double> number = Pickle::number(value);
  return value.kind == Kind::None || (number && std::isnan(*number));
}

/// The names of a record's arrays, sorted.
std::vector<std::string> lanes_of(const Pickle& pickle, const Value& record) {
  std::vector<std::string> lanes;
  for (std::size_t i = 0; i + 1 < record.items.size(); i += 2) {
    const Value& key = pickle[record.items[i]];
    if (key.kind == Kind::String && pickle[record.items[i + 1]].kind == Kind::Array)
      lanes.emplace_back(key.text);
  }
  std::sort(lanes.begin(), lanes.end());
  lanes.erase(std::unique(lanes.begin(), lanes.end()), lanes.end());
  return lanes;
}

CaptionSet read_split(const std::filesystem::path& file, const std::string& split, DataSet& data) {
  if (file.empty()) return {};
  const PooledClips clips(file);
  CaptionSetBuilder set(true);
  std::size_t without_text = 0;
  for (std::int64_t i = 0; i < clips.size(); ++i) {
    without_text += trim(clips.caption(i)).empty() ? 1 : 0;
    set.add({clips.id(i), std::nullopt}, std::string(clips.caption(i)));
  }
  clips.require_unchanged();
  if (without_text > 0)
    data.notes.push_back(fmt::format("{}: {} clips have no text and so no words", split, without_text));
  CaptionSet captions = set.take();
  note_split(data, split, captions);
  return captions;
}

}  // namespace

PooledClips::PooledClips(const std::filesystem::path& path)
    : name_(path.string()), file_(path), pickle_(std::make_unique<const Pickle>(file_.bytes(), name_)) {
  const Value& root = (*pickle_)[pickle_->root()];
  if (root.kind != Kind::List || root.items.empty())
    throw Error(Fault::Corrupt, name_, "its pickle holds no list of clips", kAdvice);
  std::unordered_map<std::string, std::size_t> record_of;
  for (std::size_t i = 0; i < root.items.size(); ++i) {
    const Value& record = (*pickle_)[root.items[i]];
    const auto fail = [&](const std::string& seen) {
      throw Error(Fault::Corrupt, name_, fmt::format("record {} {}", i, seen), kAdvice);
    };
    if (record.kind != Kind::Dict) fail("is no dict");
    const Value* id = pickle_->get(record, "id");
    const Value* caption = pickle_->get(record, "caption");
    if (id == nullptr || id->kind != Kind::String) fail("has no text 'id'");
    if (caption == nullptr || (caption->kind != Kind::String && !is_missing(*caption)))
      fail("has no text 'caption'");
    if (find_invalid_utf8(caption->text) != std::string_view::npos) fail("has a caption that is not UTF-8");
    ids_.push_back(escape_video_id(id->text));
    validate_video_id(ids_.back(), fmt::format("{}: record {}", name_, i));
    const auto [earlier, is_new] = record_of.emplace(ids_.back(), i);
    if (!is_new)
      throw Error(Fault::Mismatch, name_,
                  fmt::format("records {} and {} have the same id '{}'", earlier->second, i, ids_.back()));
    const std::vector<std::string> lanes = lanes_of(*pickle_, record);
    if (i == 0) lanes_ = lanes;
    if (lanes.empty()) fail("has no numpy vector");
    if (lanes != lanes_)
      fail(fmt::format("has the vectors '{}', the first record '{}'", fmt::join(lanes, "', '"),
                       fmt::join(lanes_, "', '")));
    for (const std::string& lane : lanes) {
      if (!is_vector(*pickle_->get(record, lane)))
        fail(fmt::format("has no numbers in '{}', or not in one dimension", lane));
    }
  }
}

const Value& PooledClips::record(std::int64_t clip) const {
  return (*pickle_)[(*pickle_)[pickle_->root()].items[static_cast<std::size_t>(clip)]];
}

std::string_view PooledClips::caption(std::int64_t clip) const {
  return pickle_->get(record(clip), "caption")->text;
}

Tensor PooledClips::vector(std::int64_t clip, const std::string& lane) const {
  return *Pickle::tensor(*pickle_->get(record(clip), lane));
}

bool is_pooled_clips(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return false;
  constexpr std::size_t kBeginning = 1 << 20;  // of the first record the vectors may come first
  const MappedFile file(path);
  std::string_view bytes = file.bytes().substr(0, kBeginning);
  if (bytes.substr(0, 1) == "\x80") bytes.remove_prefix(std::min<std::size_t>(2, bytes.size()));  // PROTO
  if (bytes.substr(0, 1) == "\x95") bytes.remove_prefix(std::min<std::size_t>(9, bytes.size()));  // FRAME
  const bool is_list = bytes.substr(0, 1) == "]" || bytes.substr(0, 2) == "(l";
  return is_list && bytes.find("caption") != std::string_view::npos;
}

DataSet read_pooled_clips(const DatasetSpec& spec) {
  const SplitFiles files = split_files(spec);
  DataSet data;
  data.name = "YouCook2";
  data.train = read_split(files.train, "train", data);
  data.val = read_split(files.val, "val", data);
  data.test = read_split(files.test, "test", data);
  require_disjoint(data);
  return data;
}

}  // namespace tvr

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "data/csv.h"
#include "data/datasets/dataset_notes.h"
#include "data/datasets/datasets.h"
#include "data/datasets/msrvtt_json.h"
#include "data/datasets/video.h"
#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/stable_hash.h"

namespace tvr {
namespace {

/// The videos of one split in order, and where they were listed.
struct VideoList {
  std::string where;  // file, or file and split
  std::vector<std::string> ids;
  std::vector<std::string> sentences;  // selected captions, one per id; empty: all captions of each video
};

/// A published list, recognised by the hash of its sorted ids.
struct KnownList {
  std::uint64_t hash;
  const char* name;
  const char* split;  // its purpose
};
constexpr std::array kKnownLists = {
    KnownList{0x2cabddab7b41a793, "the train list of 1k-A, 9k", "train"},
    KnownList{0x40dceb7f4c7ad4a1, "the train list of 1k-A, 7k", "train"},
    KnownList{0x97d397206102ec90, "the test list of 1k-A", "test"},
    KnownList{0x8e155b968ec47b36, "the train split of the full data set", "train"},
    KnownList{0x8b1cbc7328aac64b, "the validation split of the full data set", "val"},
    KnownList{0x21be17b7368f21b9, "the test split of the full data set", "test"},
};
constexpr std::uint64_t kAllVideosHash = 0xe1853a341bbece1a;  // of the 10,000 videos of MSRVTT_data.json

std::uint64_t hash_of_set(std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  std::uint64_t hash = 0;
  for (const std::string& id : ids) hash = stable_hash(id, hash);
  return hash;
}

const KnownList* find_known(const VideoList& list) {
  const std::uint64_t hash = hash_of_set(list.ids);
  const auto found = std::find_if(kKnownLists.begin(), kKnownLists.end(),
                                  [hash](const KnownList& known) { return known.hash == hash; });
  return found == kKnownLists.end() ? nullptr : &*found;
}

const char* known_name(const VideoList& list) {
  const KnownList* known = find_known(list);
  return known == nullptr ? nullptr : known->name;
}

/// Throws when a published test list is used for training, or a train list for testing.
void require_purpose(const VideoList& list, const std::string& split) {
  const KnownList* known = find_known(list);
  const bool swapped =
      known != nullptr && known->split != split && (split == "test" || known->split == std::string("test"));
  if (!swapped) return;
  throw Error(Fault::Mismatch, list.where,
              fmt::format("it is {}, but was passed as --{}", known->name, split),
              "Pass each list by its own flag");
}

std::string described(const VideoList& list) {
  const char* known = known_name(list);
  return fmt::format("{} ({} videos{}{})", list.where, std::set(list.ids.begin(), list.ids.end()).size(),
                     known ? ", " : "", known ? known : "");
}

VideoList read_list(const std::filesystem::path& csv) {
  const CsvTable table(csv);
  const std::size_t id_column = table.column("video_id");
  const auto sentence_column = table.find_column("sentence");
  VideoList list;
  list.where = csv.string();
  std::set<std::pair<std::string, std::string>> seen;
  for (const CsvTable::Row& row : table.rows()) {
    list.ids.push_back(escape_video_id(table.required(row, id_column)));
    validate_video_id(list.ids.back(), table.where(row));
    if (sentence_column) list.sentences.push_back(table.required(row, *sentence_column));
    if (!seen.emplace(list.ids.back(), sentence_column ? list.sentences.back() : "").second)
      throw Error(Fault::Mismatch, table.where(row),
                  fmt::format("the video '{}' is listed twice", list.ids.back()));
  }
  if (list.ids.empty()) throw Error(Fault::Corrupt, list.where, "lists no video");
  return list;
}

/// Sentences by video, and the checks that need only the JSON.
class Annotations {
 public:
  explicit Annotations(const std::filesystem::path& path)
      : where_(path.string()), file_(read_msrvtt_json(path)) {
    for (const MsrvttAnnotations::Video& video : file_.videos)
      if (!captions_.emplace(video.id, std::vector<std::size_t>{}).second)
        throw Error(Fault::Mismatch, where_, fmt::format("the video '{}' appears twice", video.id));
    for (const auto& [id, none] : captions_) ids_by_name_[composed(id)].push_back(id);
    for (std::size_t i = 0; i < file_.sentences.size(); ++i) {
      const auto found = find(file_.sentences[i].video_id);
      if (found == captions_.end())
        throw Error(Fault::Mismatch, where_,
                    fmt::format("sentences[{}] describes '{}', which is not among the videos", i,
                                file_.sentences[i].video_id));
      captions_[found->first].push_back(i);
    }
  }

  /// The videos with this value in the field `split`.
  VideoList split(const std::string& name) const {
    VideoList list;
    list.where = fmt::format("{}, split '{}'", where_, name);
    for (const MsrvttAnnotations::Video& video : file_.videos)
      if (video.split == name) list.ids.push_back(video.id);
    return list;
  }

  /// Sentences of a video; nullptr: there is no such video.
  const std::vector<std::size_t>* captions_of(const std::string& id) const {
    const auto found = find(id);
    return found == captions_.end() ? nullptr : &found->second;
  }
  const std::string& caption(std::size_t i) const { return file_.sentences[i].caption; }
  const std::string& where() const { return where_; }
  std::int64_t repeated_sen_ids() const { return file_.repeated_sen_ids; }

  bool is_msrvtt() const {
    std::vector<std::string> ids;
    for (const MsrvttAnnotations::Video& video : file_.videos) ids.push_back(video.id);
    return hash_of_set(std::move(ids)) == kAllVideosHash;
  }

 private:
  using Captions = std::unordered_map<std::string, std::vector<std::size_t>>;

  /// The video with this id, or the only one whose name is the same when both are composed.
  Captions::const_iterator find(const std::string& id) const {
    const auto exact = captions_.find(id);
    if (exact != captions_.end()) return exact;
    const auto alike = ids_by_name_.find(composed(id));
    const bool is_one = alike != ids_by_name_.end() && alike->second.size() == 1;
    return is_one ? captions_.find(alike->second.front()) : captions_.end();
  }

  std::string where_;
  MsrvttAnnotations file_;
  Captions captions_;                                                      // indices of sentences by video
  std::unordered_map<std::string, std::vector<std::string>> ids_by_name_;  // composed
};

/// Throws when `a` and `b` share a video: training data must not be used for testing.
void require_disjoint(const VideoList& a, const VideoList& b) {
  const std::set<std::string> in_a(a.ids.begin(), a.ids.end());
  std::set<std::string> shared;
  for (const std::string& id : b.ids)
    if (in_a.count(id) != 0) shared.insert(id);
  if (shared.empty()) return;
  throw Error(Fault::Mismatch, described(a),
              fmt::format("shares {} videos with {}: {}", shared.size(), described(b),
                          examples({shared.begin(), shared.end()})),
              "The splits must not share videos");
}

/// Equality up to spaces, which the published lists place differently from the annotations.
bool same_words(const std::string& a, const std::string& b) {
  const auto without_blanks = [](std::string text) {
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    return text;
  };
  return without_blanks(a) == without_blanks(b);
}

/// The captions of a split's videos; appends findings to `notes`.
CaptionSet captions_of(const VideoList& list, const Annotations& annotations, const char* split,
                       std::vector<std::string>& notes) {
  std::vector<std::string> unknown, without_caption;
  std::size_t foreign = 0;  // selected sentences that are not among the video's captions
  CaptionSetBuilder set;
  for (std::size_t i = 0; i < list.ids.size(); ++i) {
    const std::string& id = list.ids[i];
    const std::vector<std::size_t>* captions = annotations.captions_of(id);
    if (captions == nullptr) {
      unknown.push_back(id);
    } else if (!list.sentences.empty()) {
      set.add({id, std::nullopt}, list.sentences[i]);
      foreign += std::none_of(captions->begin(), captions->end(), [&](std::size_t k) {
        return same_words(annotations.caption(k), list.sentences[i]);
      });
    } else {
      if (captions->empty()) without_caption.push_back(id);
      for (const std::size_t k : *captions) set.add({id, std::nullopt}, annotations.caption(k));
    }
  }
  if (!unknown.empty())
    throw Error(Fault::Mismatch, list.where,
                fmt::format("lists {} videos that are not in {}: {}", unknown.size(), annotations.where(),
                            examples(unknown)));
  if (!without_caption.empty())
    notes.push_back(fmt::format("{}: {} videos have no caption and are skipped ({})", split,
                                without_caption.size(), examples(without_caption)));
  if (foreign > 0)
    notes.push_back(
        fmt::format("{}: {} sentences of the list are not among the annotated captions", split, foreign));
  return set.take();
}

std::string remark(const VideoList& list, bool is_msrvtt) {
  if (const char* known = known_name(list)) return fmt::format(", {}", known);
  return is_msrvtt
             ? ", not one of the published lists: results are comparable only between runs on the same list"
             : "";
}

std::string name_of(const VideoList& train, const VideoList& test, const Annotations& annotations,
                    const std::filesystem::path& path) {
  if (!annotations.is_msrvtt()) return path.stem().string();
  const std::string_view train_name = known_name(train) ? known_name(train) : "";
  const std::string_view test_name = known_name(test) ? known_name(test) : "";
  if (test_name == kKnownLists[2].name && train_name == kKnownLists[0].name) return "MSR-VTT 1k-A (9k train)";
  if (test_name == kKnownLists[2].name && train_name == kKnownLists[1].name) return "MSR-VTT 1k-A (7k train)";
  if (test_name == kKnownLists[5].name && train_name == kKnownLists[3].name) return "MSR-VTT full";
  return "MSR-VTT, own split";
}

}  // namespace

DataSet read_msrvtt(const MsrvttFiles& files) {
  const Annotations annotations(files.annotations);
  const auto own_split = [&](const char* name) {
    return files.test_only ? VideoList{} : annotations.split(name);
  };
  const VideoList train = files.train.empty() ? own_split("train") : read_list(files.train);
  const VideoList test = files.test.empty() ? annotations.split("test") : read_list(files.test);
  const bool own_lists = !files.train.empty() || !files.test.empty();
  const VideoList val = !files.val.empty() ? read_list(files.val)
                        : own_lists        ? VideoList{}
                                           : own_split("validate");
  require_purpose(train, "train");
  require_purpose(val, "val");
  require_purpose(test, "test");
  require_disjoint(train, test);
  require_disjoint(train, val);
  require_disjoint(val, test);

  DataSet data;
  data.name = name_of(train, test, annotations, files.annotations);
  const bool is_msrvtt = annotations.is_msrvtt();
  if (annotations.repeated_sen_ids() > 0) {
    data.notes.push_back(fmt::format("{} sentences have the sen_id of an earlier one; all are used",
                                     annotations.repeated_sen_ids()));
  }
  const auto fill = [&](CaptionSet& set, const VideoList& list, const char* split) {
    set = captions_of(list, annotations, split, data.notes);
    note_split(data, split, set, remark(list, is_msrvtt));
  };
  fill(data.train, train, "train");
  fill(data.val, val, "val");
  fill(data.test, test, "test");
  if (data.train.empty() && data.test.empty())
    throw Error(Fault::Mismatch, annotations.where(), "neither the train nor the test split has a video",
                "Pass the lists by --train and --test, or give the videos a field 'split'");
  return data;
}

}  // namespace tvr

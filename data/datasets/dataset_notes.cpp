#include "data/datasets/dataset_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace tvr {
namespace {

constexpr std::size_t kExamples = 3;

std::size_t count_repeated(const CaptionSet& set) {
  std::map<std::string_view, std::set<std::int32_t>> clips_of;
  for (const Caption& caption : set.captions) clips_of[caption.text].insert(caption.clip);
  return static_cast<std::size_t>(std::count_if(clips_of.begin(), clips_of.end(),
                                                [](const auto& entry) { return entry.second.size() > 1; }));
}

}  // namespace

void note_split(DataSet& data, const std::string& split, const CaptionSet& set, const std::string& remark) {
  if (set.empty()) return;
  data.notes.push_back(
      fmt::format("{}: {} clips, {} captions{}", split, set.clips.size(), set.captions.size(), remark));
  if (split != "test") return;
  if (const std::size_t repeated = count_repeated(set); repeated > 0)
    data.notes.push_back(fmt::format("test: {} captions are identical for more than one clip", repeated));
}

std::string examples(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kExamples); ++i) text += (i ? ", " : "") + names[i];
  return text + (names.size() > kExamples ? ", ..." : "");
}

}  // namespace tvr

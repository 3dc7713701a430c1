#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/time.h"

namespace tvr {

/// What a caption describes: a whole video, or a span of one.
struct ClipRef {
  std::string video_id;
  std::optional<TimeSpan> span;  // nullopt: the whole video
};

struct Caption {
  std::string text;
  std::int32_t clip = 0;  // index into CaptionSet::clips
};

/// One split: the clips in order of first appearance, each once, and the captions that describe them.
/// Every clip has at least one caption.
struct CaptionSet {
  std::vector<ClipRef> clips;
  std::vector<Caption> captions;
  /// As the reference (antoine77340/howto100m) has the data sets that it is evaluated on: every caption has a
  /// clip of its own, also where two describe the same part of a video, and the rows of a part go by number
  /// (Note [rows of a clip]).
  bool by_reference = false;

  [[nodiscard]] bool empty() const noexcept { return captions.empty(); }
};

/// Builds a CaptionSet; add() merges captions of the same clip, unless it is by reference.
class CaptionSetBuilder {
 public:
  explicit CaptionSetBuilder(bool by_reference = false) { set_.by_reference = by_reference; }
  void add(const ClipRef& clip, std::string text);
  [[nodiscard]] CaptionSet take() { return std::move(set_); }

 private:
  CaptionSet set_;
  std::unordered_map<std::string, std::int32_t> index_of_;  // clip index by video and span
};

/// A data set divided into splits. `notes` are findings of the checks that are not errors (counts,
/// duplicates, omissions), one sentence each, for the terminal and the report.
struct DataSet {
  std::string name;
  CaptionSet train, val, test;
  std::vector<std::string> notes;
  std::int64_t empty_spans = 0;  // captions left out because their clip ends where it starts
};

}  // namespace tvr

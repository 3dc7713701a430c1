#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/datasets/video.h"
#include "data/time.h"

namespace tvr {

/// A line that is said in a video.
struct SubtitleHit {
  std::string video;  // id
  TimeSpan span;
  std::string text;
};

/// The subtitles of videos, searched by words: SQLite's full-text index FTS5, with English words reduced to
/// their stems (porter). Subtitles are VIDEO.srt and VIDEO.vtt, or VIDEO.LANGUAGE.srt, beside the video's
/// file or, by the video's name, in a folder of their own, where VIDEO.csv counts, too (HowTo100M).
class SubtitleIndex {
 public:
  /// Kept in `file`, in memory where that cannot be written. A file that is not one of this program's is made
  /// anew: all in it can be read again. There is no file where there are no subtitles.
  explicit SubtitleIndex(std::filesystem::path file);
  ~SubtitleIndex();
  SubtitleIndex(const SubtitleIndex&) = delete;
  SubtitleIndex& operator=(const SubtitleIndex&) = delete;

  /// Reads the subtitles that are new or changed since the last time and forgets those of other videos. Where
  /// a video's folder is gone, what it said is kept. `folder`: empty for none. Returns a sentence for each
  /// file that cannot be read. A damaged index is made anew. Throws Error naming it when it cannot be
  /// written.
  std::vector<std::string> update(const std::vector<VideoSource>& videos,
                                  const std::filesystem::path& folder = {});

  /// The best line of each of the `most` best videos, best first, for lines with any of the words of `text`
  /// (BM25: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009; as FTS5 computes it).
  [[nodiscard]] std::vector<SubtitleHit> search(std::string_view text, std::size_t most) const;

  [[nodiscard]] bool is_empty() const;

 private:
  class Impl;
  [[nodiscard]] std::unique_ptr<Impl> open(bool afresh) const;
  std::vector<std::string> bring_up_to_date(const std::vector<VideoSource>& videos,
                                            const std::filesystem::path& folder);

  std::filesystem::path file_;
  std::unique_ptr<Impl> impl_;  // nullptr: no subtitles yet
};

}  // namespace tvr

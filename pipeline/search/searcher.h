#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/choices.h"
#include "data/mutex.h"
#include "data/subtitles/subtitle_index.h"
#include "pipeline/encoders/encoder_pair.h"
#include "pipeline/search/search_index.h"

namespace tvr {

/// What to search, and how.
struct SearchOptions {
  std::filesystem::path store;
  std::filesystem::path kept;  // cache file: keeps the embedded videos between runs of the program
  WindowOptions windows;
  std::filesystem::path subtitles{};        // index of subtitles; empty: none are searched
  std::filesystem::path subtitle_folder{};  // of subtitles that do not lie beside the videos; empty: none
};

/// What a sentence is looked for in. Both: the two rankings are joined.
enum class SearchIn { Both, Pictures, Subtitles };
inline constexpr Choices<SearchIn, 3> kSearchIn{
    {{"both", SearchIn::Both}, {"pictures", SearchIn::Pictures}, {"subtitles", SearchIn::Subtitles}}};

struct SearchQuery {
  std::string sentence;  // may be empty where there is an example
  std::size_t top = 10;
  std::string video;  // only videos whose id contains this; empty: all
  double min_length_s = 0;
  double max_length_s = 0;  // 0: no limit
  ClipFeature example{};    // [D], unit length: an embedded picture or part of a video; empty: none
  SearchIn in = SearchIn::Both;
  double example_weight = 0.5;  // the example's share where there is a sentence, too; 0 to 1
};

struct SearchHit {
  VideoSource source;
  float score = 0;  // cosine similarity
  // The best window, or a longer moment of which it is a part; where the subtitles rank the video higher,
  // their best line.
  TimeSpan span;
  bool whole = true;  // the span is the whole (short) video
  Micros length{0};
  bool by_pictures = true;  // among the `top` best by pictures
  std::string line{};       // what is said, of the best of the videos by subtitles; empty: not found by them
  TimeSpan line_span{};
};

struct SearchAnswer {
  std::vector<SearchHit> hits;       // best first; ties in order of id
  std::vector<std::string> unknown;  // words without a word vector
  std::vector<std::string> guessed;  // words whose vector is made of parts of words
  bool understood = true;            // false: the sentence has no known word, and there are no hits
  bool familiar = true;              // false: no word is among those that the vectors were trained on
};
/// A sentence on hits that are a guess, as no word is familiar; empty where there is none.
[[nodiscard]] std::string note_on(const SearchAnswer& answer);

/// Whether the name of the video with this id contains `wanted`, or matches it as a glob with * or ?. Both
/// are compared composed.
[[nodiscard]] bool has_name(const std::string& id, const std::string& wanted);

/// Warns in one line that the videos with these ids are left out because their features are damaged: the
/// first few by name, the others by their number.
void warn_of_damaged(const std::vector<std::string>& ids);

/// A sentence on what lanes with random weights are worth; empty where there are none.
[[nodiscard]] std::string note_on_random(const std::vector<std::string>& lanes);

/// Searches the videos of a store by sentences, in the pictures and in what is said. The two rankings of
/// videos are joined by reciprocal rank fusion with k = 60: Cormack, Clarke and Buettcher, SIGIR 2009.
class Searcher {
 public:
  /// Embeds the store's videos, or loads them from the cache file. Throws Error naming what is missing or
  /// does not match.
  Searcher(std::unique_ptr<EncoderPair> encoders, SearchOptions options, const Progress& progress);

  /// Answers in the order of the queries, computed as one batch. Call it from one thread at a time.
  [[nodiscard]] std::vector<SearchAnswer> answer(const std::vector<SearchQuery>& queries);

  /// The embedding of an indexed video's window that contains `at`, to search for others like it; of the
  /// first window without. `name` is the video's id or name. Throws Error(NotFound), Error(InvalidArgument)
  /// for a time beyond the video's end. Thread-safe.
  [[nodiscard]] ClipFeature example_of(const std::string& name, std::optional<Micros> at) const;

  /// The embedding of a picture. Throws what EncoderPair::embed_picture() throws. Thread-safe.
  [[nodiscard]] ClipFeature example_of(const Picture& picture) const;

  [[nodiscard]] bool takes_pictures() const noexcept { return encoders_->takes_pictures(); }

  /// The lanes whose features are those of networks with random weights, which say nothing of what is seen.
  [[nodiscard]] const std::vector<std::string>& random_lanes() const noexcept { return random_lanes_; }

  /// Rereads the store if its file has changed; returns whether it had. May run concurrently with answer().
  bool refresh();

  [[nodiscard]] std::shared_ptr<const SearchIndex> index() const;
  [[nodiscard]] const std::filesystem::path& store() const noexcept { return options_.store; }

 private:
  /// Lines found for a query, best first: the place of their video in the index, and the line.
  using Said = std::vector<std::pair<std::size_t, SubtitleHit>>;
  [[nodiscard]] std::vector<Said> said(const SearchIndex& index,
                                       const std::vector<SearchQuery>& queries) const;
  [[nodiscard]] SearchAnswer best_of(const SearchIndex& index, const SearchQuery& query,
                                     const BestWindows& best, std::int64_t row, const Said& said) const;
  void update_subtitles(const SearchIndex& index);
  void replace_index(SearchIndex index);
  void keep_index(const SearchIndex::Basis& basis) const;

  std::unique_ptr<EncoderPair> encoders_;
  SearchOptions options_;
  std::vector<std::string> random_lanes_;
  std::string stamp_;  // of the store's files when they were last read
  mutable Mutex mutex_;
  std::shared_ptr<const SearchIndex> index_ TVR_GUARDED_BY(mutex_);
  mutable Mutex subtitles_mutex_;
  std::unique_ptr<SubtitleIndex> subtitles_ TVR_GUARDED_BY(subtitles_mutex_);  // nullptr: none are searched
};

}  // namespace tvr

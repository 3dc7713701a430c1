#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/mutex.h"
#include "pipeline/encoders/encoder_pair.h"
#include "pipeline/search/search_index.h"

namespace tvr {

/// What is searched, and how.
struct SearchOptions {
  std::filesystem::path store;
  std::filesystem::path kept;  // file that keeps the embedded videos from one start to the next
  WindowOptions windows;
};

struct SearchQuery {
  std::string sentence;
  std::size_t top = 10;
  std::string video;  // only videos with this in their id; empty: all
  double min_length_s = 0;
  double max_length_s = 0;  // 0: none
};

struct SearchHit {
  VideoSource source;
  float score = 0;    // cosine similarity
  TimeSpan span;      // the best window
  bool whole = true;  // the video is short: its only window
  Micros length{0};
};

struct SearchAnswer {
  std::vector<SearchHit> hits;       // best first; equal scores in order of id
  std::vector<std::string> unknown;  // words without a vector
  bool understood = true;            // false: no known word at all, and no hits
};

/// Sentences over the videos of a store.
class Searcher {
 public:
  /// Embeds the store's videos or takes them from the file that keeps them. Throws Error naming what is
  /// missing or does not fit.
  Searcher(std::unique_ptr<EncoderPair> encoders, SearchOptions options, const Progress& progress);

  /// Answers in the order of the queries, computed together. By one thread at a time.
  [[nodiscard]] std::vector<SearchAnswer> answer(const std::vector<SearchQuery>& queries);

  /// Looks at the store anew when its file has changed; returns whether it had. May run beside answer().
  bool refresh();

  [[nodiscard]] std::shared_ptr<const SearchIndex> index() const;
  [[nodiscard]] const std::filesystem::path& store() const noexcept { return options_.store; }

 private:
  [[nodiscard]] SearchAnswer best_of(const SearchIndex& index, const SearchQuery& query, const float* scores,
                                     const std::int32_t* windows) const;
  void replace_index(SearchIndex index);
  void keep_index(const SearchIndex::Basis& basis) const;

  std::unique_ptr<EncoderPair> encoders_;
  SearchOptions options_;
  std::string stamp_;  // of the store's files when they were last looked at
  mutable Mutex mutex_;
  std::shared_ptr<const SearchIndex> index_ TVR_GUARDED_BY(mutex_);
};

}  // namespace tvr

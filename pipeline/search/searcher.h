#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/mutex.h"
#include "model/joint_embedding.h"
#include "pipeline/run/trained_run.h"
#include "pipeline/search/search_index.h"
#include "text/query_words.h"

namespace tvr {

/// Where a trained model and the videos to search lie.
struct SearchOptions {
  std::filesystem::path run;    // folder of `pipeline run` or `pipeline train`
  std::filesystem::path store;  // empty: the run's own
  WindowOptions windows;
  // Below: speed only.
  bool many_sentences = false;  // prepare for it: a slower start, then no walk through a large file of words
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

/// A run's model over the videos of a store.
class Searcher {
 public:
  /// Reads the run's folder, embeds the store's videos or takes their embeddings from the run's folder, and
  /// keeps them there. Throws Error naming what is missing or does not fit.
  Searcher(const SearchOptions& options, const Progress& progress);

  /// Answers in the order of the queries, computed together. By one thread at a time.
  [[nodiscard]] std::vector<SearchAnswer> answer(const std::vector<SearchQuery>& queries);

  /// Looks at the store anew when its file has changed; returns whether it had. May run beside answer().
  bool refresh();

  [[nodiscard]] std::shared_ptr<const SearchIndex> index() const;
  [[nodiscard]] const std::filesystem::path& store() const noexcept { return run_.store; }

 private:
  Searcher(TrainedRun run, const SearchOptions& options, const Progress& progress);
  [[nodiscard]] SearchAnswer best_of(const SearchIndex& index, const SearchQuery& query, const float* scores,
                                     const std::int32_t* windows) const;
  [[nodiscard]] SearchIndex::Basis basis_of(const FeatureStore& store) const;
  void replace_index(SearchIndex index);
  void keep_index(const std::filesystem::path& file, const SearchIndex::Basis& basis) const;

  TrainedRun run_;
  WindowOptions windows_;
  Digest checkpoint_;
  std::string stamp_;  // of the store's files when they were last looked at
  JointEmbedding model_;
  QueryWords words_;
  mutable Mutex mutex_;
  std::shared_ptr<const SearchIndex> index_ TVR_GUARDED_BY(mutex_);
};

}  // namespace tvr

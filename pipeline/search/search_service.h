#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "data/mutex.h"
#include "pipeline/search/searcher.h"

namespace tvr {

/// Serves many clients concurrently. One thread computes: all queries that are waiting are answered as one
/// batch, in one pass over the index, so that two hundred clients cost little more than one, and computations
/// do not compete for the cores. Another thread polls the store and adds new videos.
class SearchService {
 public:
  explicit SearchService(std::unique_ptr<Searcher> searcher);
  ~SearchService();
  SearchService(const SearchService&) = delete;
  SearchService& operator=(const SearchService&) = delete;

  /// Waits for the answer. Throws Error(Busy) when too many queries are waiting or the service is shutting
  /// down.
  [[nodiscard]] SearchAnswer answer(SearchQuery query);
  /// Searcher::example_of().
  [[nodiscard]] ClipFeature example_of(const std::string& video, std::optional<Micros> at) const {
    return searcher_->example_of(video, at);
  }
  [[nodiscard]] ClipFeature example_of(const Picture& picture) const {
    return searcher_->example_of(picture);
  }
  [[nodiscard]] std::string note_on_random() const { return tvr::note_on_random(searcher_->random_lanes()); }
  [[nodiscard]] bool takes_pictures() const noexcept { return searcher_->takes_pictures(); }
  [[nodiscard]] std::shared_ptr<const SearchIndex> index() const { return searcher_->index(); }
  [[nodiscard]] const std::filesystem::path& store() const noexcept { return searcher_->store(); }

 private:
  struct Waiting {
    SearchQuery query;
    std::promise<SearchAnswer> answer;
  };
  void compute();
  void watch_store();
  void name_left_out(std::set<std::string>& named) const;
  /// Sleeps for `time`; false when woken early because the service is shutting down.
  [[nodiscard]] bool pause(std::chrono::steady_clock::duration time);
  [[nodiscard]] std::vector<Waiting> take();

  std::unique_ptr<Searcher> searcher_;
  Mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_ TVR_GUARDED_BY(mutex_);
  bool ending_ TVR_GUARDED_BY(mutex_) = false;
  std::thread computing_, watching_;
};

}  // namespace tvr

#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <thread>

#include "data/mutex.h"
#include "pipeline/search/searcher.h"

namespace tvr {

/// Answers many clients at once. One thread computes: whatever has come in meanwhile is answered together, in
/// one pass over the index, so that two hundred clients cost little more than one, and no two computations
/// fight for the cores. Another looks at the store now and then and takes in new videos.
class SearchService {
 public:
  explicit SearchService(std::unique_ptr<Searcher> searcher);
  ~SearchService();
  SearchService(const SearchService&) = delete;
  SearchService& operator=(const SearchService&) = delete;

  /// Waits for the answer. Throws Error(Busy) when too many wait already, or the service is ending.
  [[nodiscard]] SearchAnswer answer(SearchQuery query);
  [[nodiscard]] std::shared_ptr<const SearchIndex> index() const { return searcher_->index(); }
  [[nodiscard]] const std::filesystem::path& store() const noexcept { return searcher_->store(); }

 private:
  struct Waiting {
    SearchQuery query;
    std::promise<SearchAnswer> answer;
  };
  void compute();
  void watch_store();
  /// Waits that long; false: sooner, as the service is ending.
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

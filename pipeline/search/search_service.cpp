#include "pipeline/search/search_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "data/error.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

constexpr std::size_t kMostWaiting = 2000;
constexpr std::size_t kAtOnce = 32;
constexpr std::chrono::milliseconds kLookAtStore(2000);

}  // namespace

SearchService::SearchService(std::unique_ptr<Searcher> searcher)
    : searcher_(std::move(searcher)),
      computing_([this] { compute(); }),
      watching_([this] { watch_store(); }) {}

SearchService::~SearchService() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  computing_.join();
  watching_.join();
}

SearchAnswer SearchService::answer(SearchQuery query) {
  std::future<SearchAnswer> answer;
  {
    const MutexLock lock(mutex_);
    if (ending_ || waiting_.size() >= kMostWaiting) {
      throw Error(Fault::Busy, "search", "too many queries are waiting", "Try again in a moment");
    }
    waiting_.push_back({std::move(query), {}});
    answer = waiting_.back().answer.get_future();
  }
  wake_.notify_all();
  return answer.get();
}

std::vector<SearchService::Waiting> SearchService::take() {
  MutexLock lock(mutex_);
  while (!ending_ && waiting_.empty()) lock.wait(wake_);
  std::vector<Waiting> taken;
  while (!waiting_.empty() && taken.size() < kAtOnce) {
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return taken;
}

void SearchService::compute() {
  for (;;) {
    std::vector<Waiting> taken = take();
    if (taken.empty()) return;  // shutting down, and all queries are answered
    std::vector<SearchQuery> queries;
    for (const Waiting& one : taken) queries.push_back(one.query);
    try {
      std::vector<SearchAnswer> answers = searcher_->answer(queries);
      for (std::size_t i = 0; i < taken.size(); ++i) taken[i].answer.set_value(std::move(answers[i]));
    } catch (...) {
      for (Waiting& one : taken) one.answer.set_exception(std::current_exception());
    }
  }
}

bool SearchService::pause(std::chrono::steady_clock::duration time) {
  const auto end = std::chrono::steady_clock::now() + time;
  MutexLock lock(mutex_);
  while (!ending_ && std::chrono::steady_clock::now() < end) lock.wait_until(wake_, end);
  return !ending_;
}

void SearchService::name_left_out(std::set<std::string>& named) const {
  std::vector<std::string> unnamed;
  for (const std::string& id : index()->damaged())
    if (named.insert(id).second) unnamed.push_back(id);
  warn_of_damaged(unnamed);
}

void SearchService::watch_store() {
  std::set<std::string> named;  // videos that are left out are named once
  name_left_out(named);
  std::string complaint;  // the last warning, so that it is printed only once
  std::chrono::milliseconds until_next = kLookAtStore;
  while (pause(until_next)) {
    const auto begin = std::chrono::steady_clock::now();
    try {
      if (searcher_->refresh()) {
        say("serve: the store has changed; it now has " + std::to_string(index()->videos().size()) +
            " searchable videos");
        name_left_out(named);
      }
      complaint.clear();
    } catch (const std::exception& error) {  // keep serving the old index
      if (complaint != error.what()) warn(complaint = error.what());
    }
    // While a store is being filled, rereading it takes at most a tenth of the time.
    const auto spent = std::chrono::steady_clock::now() - begin;
    until_next = std::max(kLookAtStore, std::chrono::duration_cast<std::chrono::milliseconds>(10 * spent));
  }
}

}  // namespace tvr

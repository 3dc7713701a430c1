#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "data/mutex.h"

namespace tvr {

/// An LRU cache bounded by the sum of the values' sizes. Thread-safe; values are returned by copy, so they
/// should be small or shared.
template <class Value>
class BoundedCache {
 public:
  explicit BoundedCache(std::size_t budget) : budget_(budget) {}

  [[nodiscard]] std::optional<Value> find(const std::string& key) {
    const MutexLock lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  /// A value larger than the whole budget is not kept.
  void put(const std::string& key, Value value, std::size_t size) {
    const MutexLock lock(mutex_);
    if (size > budget_ || places_.count(key) > 0) return;
    entries_.push_front({key, std::move(value), size});
    places_.emplace(key, entries_.begin());
    used_ += size;
    while (used_ > budget_) {
      used_ -= entries_.back().size;
      places_.erase(entries_.back().key);
      entries_.pop_back();
    }
  }

  [[nodiscard]] std::size_t used() {
    const MutexLock lock(mutex_);
    return used_;
  }

 private:
  struct Entry {
    std::string key;
    Value value;
    std::size_t size;
  };

  std::size_t budget_;
  Mutex mutex_;
  std::size_t used_ TVR_GUARDED_BY(mutex_) = 0;
  std::list<Entry> entries_ TVR_GUARDED_BY(mutex_);  // most recently used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> places_ TVR_GUARDED_BY(mutex_);
};

}  // namespace tvr

#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "data/thread_annotations.h"

namespace tvr {

/// A std::mutex that clang's thread-safety analysis knows; libstdc++'s own carries no annotations.
class TVR_CAPABILITY Mutex {
 private:
  friend class MutexLock;
  std::mutex mutex_;
};

/// Holds a Mutex while it lives. Conditions are waited for in a loop, in sight of the analysis, which does
/// not know what a predicate's lambda may touch:  while (!ready_) lock.wait(changed_);
class TVR_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TVR_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() TVR_RELEASE {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  /// Lets go of the mutex until `changed` is notified, or for no reason; holds it again when it returns.
  void wait(std::condition_variable& changed) { changed.wait(lock_); }
  void wait_until(std::condition_variable& changed, std::chrono::steady_clock::time_point time) {
    changed.wait_until(lock_, time);
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace tvr

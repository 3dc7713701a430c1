#pragma once

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace tvr {

// For ThreadSanitizer (preset `tsan`), where a library that it cannot see into runs a task on its threads and
// waits for them. Nothing in other builds.

/// The thread that asks, from before the task begins until after it has ended, also by an exception: what it
/// did to `shared` comes before the task, what it does after comes after.
class HandedOn {
 public:
#if defined(__SANITIZE_THREAD__)
  explicit HandedOn(void* shared) : shared_(shared) { __tsan_release(shared_); }
  ~HandedOn() { __tsan_acquire(shared_); }

 private:
  void* shared_;
#else
  explicit HandedOn(void* /*shared*/) {}
  ~HandedOn() {}
#endif
};

/// The threads that run it, each for the length of its task.
class TakenOver {
 public:
#if defined(__SANITIZE_THREAD__)
  explicit TakenOver(void* shared) : shared_(shared) { __tsan_acquire(shared_); }
  ~TakenOver() { __tsan_release(shared_); }

 private:
  void* shared_;
#else
  explicit TakenOver(void* /*shared*/) {}
  ~TakenOver() {}
#endif
};

}  // namespace tvr

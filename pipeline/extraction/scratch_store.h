#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <thread>

#include "data/mutex.h"
#include "data/store/store_lock.h"

namespace tvr {

/// A store whose home is a shared or slow file system, where SQLite must not write, and which is worked on in
/// a local folder: fetched at the beginning, copied home from time to time and at the end. Home always has a
/// whole store, as of the last copy; who takes over, on whichever machine, goes on from there. The home is
/// locked meanwhile, where its file system has locks.
class ScratchStore {
 public:
  /// Fetches what is at `home`, if anything, into a folder below `folder` that is this user's alone, and adds
  /// what an earlier hand_back() could not bring home. Copies home every `period`, or as seldom as copying
  /// takes a twentieth of the time. Throws Error(Busy) when another program writes to `home`,
  /// Error(Unsupported) when another user may write to the folder below, and what copying and merging throw.
  ScratchStore(const std::filesystem::path& home, const std::filesystem::path& folder,
               std::chrono::milliseconds period = std::chrono::minutes(5));
  /// Removes the local files, but for what hand_back() kept.
  ~ScratchStore();
  ScratchStore(const ScratchStore&) = delete;
  ScratchStore& operator=(const ScratchStore&) = delete;

  /// The local file; open it as a store.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return local_; }
  /// Copies the store home a last time. REQUIRES: it is closed. Throws Error saying where the local store is
  /// kept: the next one of this home and folder takes it up.
  void hand_back();

 private:
  void copy_now_and_then(std::chrono::milliseconds period);
  void stop();

  std::filesystem::path home_, local_;
  std::unique_ptr<StoreLock> lock_;
  Mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ TVR_GUARDED_BY(mutex_) = false;
  std::thread copier_;
};

}  // namespace tvr

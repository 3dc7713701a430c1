#include "pipeline/extraction/scratch_store.h"

#include <exception>
#include <utility>

#include "data/error.h"
#include "data/fingerprint.h"
#include "data/store/store_copy.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
namespace {

/// The copier waits this many times as long as a copy takes.
constexpr int kShareOfCopying = 20;

/// Of the same home on every machine, and of no other.
fs::path local_name(const fs::path& home) {
  return home.stem().string() + "-" + sha256(home.string()).substr(0, 16) + ".db";
}

/// nullptr, with a warning, where the file system has no locks.
std::unique_ptr<StoreLock> lock_of(const fs::path& home) {
  try {
    return std::make_unique<StoreLock>(home);
  } catch (const Error& error) {
    if (error.fault() != Fault::Machine) throw;
    warn(error.seen() + ": see to it that only one does");
    return nullptr;
  }
}

void fetch(const fs::path& home, const fs::path& local) {
  remove_store(local);
  std::error_code unseen;
  if (!fs::exists(home, unseen)) return;
  // A log beside it is of a program that wrote it there, where SQLite can read it, then.
  if (fs::exists(home.string() + "-wal", unseen) && fs::file_size(home.string() + "-wal", unseen) > 0)
    back_up_store(home, local);
  else
    copy_file_whole(home, local);
}

}  // namespace

ScratchStore::ScratchStore(fs::path home, const fs::path& folder, std::chrono::milliseconds period)
    : home_(std::move(home)), local_(folder / local_name(home_)) {
  fs::create_directories(folder);
  if (home_.has_parent_path()) fs::create_directories(home_.parent_path());
  lock_ = lock_of(home_);
  fetch(home_, local_);
  copier_ = std::thread([this, period] { copy_now_and_then(period); });
}

ScratchStore::~ScratchStore() {
  stop();
  if (keep_local_) return;
  remove_store(local_);
  std::error_code error;
  fs::remove(local_.string() + ".lock", error);
}

void ScratchStore::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (copier_.joinable()) copier_.join();
}

void ScratchStore::copy_now_and_then(std::chrono::milliseconds period) {
  const fs::path copy = local_.string() + ".copy";
  Clock::duration pause = period;
  while (true) {
    {
      const Clock::time_point until = Clock::now() + pause;
      MutexLock lock(mutex_);
      while (!stopping_ && Clock::now() < until) lock.wait_until(wake_, until);
      if (stopping_) return;
    }
    const Clock::time_point begin = Clock::now();
    try {
      std::error_code unseen;
      if (fs::exists(local_, unseen)) {
        back_up_store(local_, copy);
        copy_file_whole(copy, home_);
      }
    } catch (const Error& error) {
      warn(std::string(error.what()) + ". The store is copied home later");
    }
    remove_store(copy);
    pause = std::max<Clock::duration>(period, kShareOfCopying * (Clock::now() - begin));
  }
}

void ScratchStore::hand_back() {
  stop();
  std::error_code unseen;
  if (!fs::exists(local_, unseen)) return;
  keep_local_ = true;
  try {
    copy_file_whole(local_, home_);
  } catch (const Error& error) {
    throw Error(error.fault(), error.where(), error.seen(),
                "The store is in " + local_.string() + ": copy it to " + home_.string() +
                    " before the next extraction fetches what is there");
  }
  keep_local_ = false;
}

}  // namespace tvr

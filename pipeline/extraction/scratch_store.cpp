#include "pipeline/extraction/scratch_store.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "data/error.h"
#include "data/fingerprint.h"
#include "data/store/sqlite.h"
#include "data/store/store_copy.h"
#include "data/store/store_merge.h"
#include "data/write_error.h"
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

/// A folder below that nobody else can write to: in /tmp anybody could prepare what is opened here. It stays:
/// the next task on this machine may be about to use it.
fs::path own_folder(const fs::path& folder) {
  constexpr mode_t kOwnersAlone = 0700, kOthersWrite = 0022;
  fs::create_directories(folder);
  fs::path own = folder / fmt::format("pipeline-{}", ::geteuid());
  struct stat status {};
  if ((::mkdir(own.c_str(), kOwnersAlone) != 0 && errno != EEXIST) || ::lstat(own.c_str(), &status) != 0)
    throw write_error(own.string(), "cannot be created", errno);
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & kOthersWrite) != 0) {
    throw Error(Fault::Unsupported, own.string(), "is no folder that this user alone can write to",
                "Remove it, or choose another folder with --scratch");
  }
  return own;
}

/// A damaged store is none that is about to begin.
bool is_about_to_begin(const fs::path& local) {
  try {
    return !has_begun(local);
  } catch (const Error&) {
    return false;
  }
}

fs::path kept(const fs::path& local) { return local.string() + ".kept"; }

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
    copy_closed_store(home, local);
}

/// Adds what could not be brought home last time.
void take_up(const fs::path& earlier, const fs::path& local) {
  std::error_code unseen;
  if (!fs::exists(earlier, unseen)) return;
  if (fs::exists(local, unseen))
    merge_store(local, earlier);
  else
    copy_closed_store(earlier, local);
  remove_store(earlier);
}

}  // namespace

ScratchStore::ScratchStore(const fs::path& home, const fs::path& folder, std::chrono::milliseconds period)
    : home_(resolved_store(home)), local_(own_folder(folder) / local_name(home_)) {
  if (home_.has_parent_path()) fs::create_directories(home_.parent_path());
  lock_ = lock_of(home_);
  fetch(home_, local_);
  take_up(kept(local_), local_);
  copier_ = std::thread([this, period] { copy_now_and_then(period); });
}

ScratchStore::~ScratchStore() {
  stop();
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
        if (has_begun(copy)) copy_closed_store(copy, home_);
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
  if (!fs::exists(local_, unseen) || is_about_to_begin(local_)) return;
  try {
    copy_closed_store(local_, home_);
  } catch (const Error& error) {
    fs::rename(local_, kept(local_));
    throw Error(error.fault(), error.where(), error.seen(),
                "The store is kept in " + kept(local_).string() +
                    ": the next extraction into the same --store with the same --scratch, on this machine, "
                    "takes it up");
  }
}

}  // namespace tvr

#include "data/store/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "data/error.h"
#include "data/store/sqlite.h"

namespace tvr {
namespace {

constexpr std::string_view kHolder = "process ";

/// Opened without following a link, and seen to be a file that only this name has: a folder may come from a
/// stranger.
Descriptor opened_lock(const std::string& name, const std::string& store) {
  Descriptor file(::open(name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666));
  const int code = errno;
  struct stat status {};
  const bool foreign =
      file ? ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1
           : code == ELOOP || code == EISDIR || code == ENXIO;
  if (foreign) {
    throw Error(Fault::Unsupported, name, "is a link or not a regular file, where the store's lock belongs",
                "Remove it");
  }
  if (!file) {
    throw Error(Fault::Unreadable, store,
                "its folder cannot be written (" + name + ": " + std::strerror(code) + ")",
                "Put the store in a writable folder");
  }
  return file;
}

std::string content_of(const Descriptor& file) {
  std::array<char, 256> text{};
  const ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
  return {text.data(), static_cast<std::size_t>(count > 0 ? count : 0)};
}

}  // namespace

StoreLock::StoreLock(const std::filesystem::path& store)
    : file_(opened_lock(resolved_store(store).string() + ".lock", store.string())) {
  const std::string holder = content_of(file_);
  if (flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      throw Error(Fault::Machine, store.string(),
                  std::string("its file system has no locks (") + std::strerror(errno) +
                      "), so two programs could write the store at once",
                  "Put it on a local disk, or pass --scratch FOLDER to extract in one");
    }
    throw Error(Fault::Busy, store.string(),
                "another program is writing to it: " + (holder.empty() ? "an unknown process" : holder),
                "Wait until it has finished, or give each its own store and merge them afterwards");
  }
  if (!holder.empty() && holder.compare(0, kHolder.size(), kHolder) != 0) return;
  std::array<char, 128> host{};
  gethostname(host.data(), host.size() - 1);
  const std::string me = std::string(kHolder) + std::to_string(getpid()) + " on " + host.data();
  if (pwrite(file_.get(), me.data(), me.size(), 0) < 0 ||
      ftruncate(file_.get(), static_cast<off_t>(me.size())) != 0) {
    // The lock is held anyway; only the holder's name is missing.
  }
}

}  // namespace tvr

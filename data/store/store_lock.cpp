#include "data/store/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "data/error.h"

namespace tvr {

StoreLock::StoreLock(const std::filesystem::path& store) {
  const std::string name = store.string() + ".lock";
  file_ = Descriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file_) {
    throw Error(Fault::Unreadable, store.string(),
                "its folder cannot be written (" + name + ": " + std::strerror(errno) + ")",
                "Put the store in a writable folder");
  }
  if (flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 256> holder{};
    const ssize_t count = read(file_.get(), holder.data(), holder.size() - 1);
    throw Error(
        Fault::Busy, store.string(),
        "another program is writing to it: " + std::string(count > 0 ? holder.data() : "an unknown process"),
        "Wait until it has finished, or give each its own store and merge them afterwards");
  }
  std::array<char, 128> host{};
  gethostname(host.data(), host.size() - 1);
  const std::string me = "process " + std::to_string(getpid()) + " on " + host.data();
  if (ftruncate(file_.get(), 0) != 0 || pwrite(file_.get(), me.data(), me.size(), 0) < 0) {
    // The lock is held anyway; only the holder's name is missing.
  }
}

}  // namespace tvr

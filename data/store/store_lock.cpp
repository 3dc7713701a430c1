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
  descriptor_ = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    throw Error(Fault::Unreadable, store.string(),
                "its folder cannot be written (" + name + ": " + std::strerror(errno) + ")",
                "Put the store in a writable folder");
  }
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 256> holder{};
    const ssize_t count = read(descriptor_, holder.data(), holder.size() - 1);
    close(descriptor_);
    throw Error(
        Fault::Busy, store.string(),
        "another program is writing to it: " + std::string(count > 0 ? holder.data() : "an unknown process"),
        "Wait until it has finished, or give each its own store and merge them afterwards");
  }
  std::array<char, 128> host{};
  gethostname(host.data(), host.size() - 1);
  const std::string me = "process " + std::to_string(getpid()) + " on " + host.data();
  if (ftruncate(descriptor_, 0) != 0 || pwrite(descriptor_, me.data(), me.size(), 0) < 0) {
    // The lock is held anyway; only the holder's name is missing.
  }
}

StoreLock::~StoreLock() { close(descriptor_); }

}  // namespace tvr

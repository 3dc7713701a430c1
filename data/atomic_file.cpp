#include "data/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "data/error.h"

namespace tvr {
namespace {

/// Whether the open file `descriptor` still has this name.
bool has_name(int descriptor, const std::string& name) {
  struct stat opened {
  }, named{};
  return fstat(descriptor, &opened) == 0 && stat(name.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/// Waits for other writers of the file. On a file system without locks, concurrent writers are not detected.
void wait_for_lock(int descriptor) {
  while (flock(descriptor, LOCK_EX) != 0 && errno == EINTR) {
  }
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), aside_(path_.string() + ".writing") {
  for (;;) {
    descriptor_ = Descriptor(::open(aside_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    if (!descriptor_) fail("cannot be created");
    wait_for_lock(descriptor_.get());
    if (has_name(descriptor_.get(), aside_))
      break;  // otherwise its writer has renamed or removed it meanwhile
  }
  // What a killed writer left behind is truncated.
  if (::ftruncate(descriptor_.get(), 0) != 0) fail("cannot be written");
}

AtomicFile::~AtomicFile() {
  if (descriptor_)
    ::unlink(aside_.c_str());  // while it is locked: afterwards the name may be another writer's
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  const auto* at = static_cast<const char*>(bytes);
  written_ += count;
  while (count > 0) {
    const ssize_t done = ::write(descriptor_.get(), at, count);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("cannot be written");
    at += done;
    count -= static_cast<std::size_t>(done);
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_.get()) != 0) fail("cannot be synced");
  if (std::rename(aside_.c_str(), path_.c_str()) != 0) fail("cannot be renamed into place");
  descriptor_.reset();
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened) ::fsync(opened.get());  // else the rename is done; only its durability is not guaranteed
}

void AtomicFile::fail(const char* what) const {
  throw Error(Fault::Unreadable, path_.string(), std::string(what) + " (" + std::strerror(errno) + ")",
              "Check the folder's permissions and the free space on its disk");
}

}  // namespace tvr

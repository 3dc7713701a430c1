#include "data/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <random>

#include "data/error.h"
#include "data/write_error.h"

namespace tvr {
namespace {

/// A name that nobody can have foreseen. Short, as a file's own name may be as long as names can be.
std::string random_name() {
  std::random_device bits;
  char name[32];
  std::snprintf(name, sizeof name, ".%08x%08x.writing", bits(), bits());
  return name;
}

/// A rename would put the file in place of a device or a FIFO as well, and in place of /dev/stdout, a link to
/// an open file.
void require_replaceable(const std::filesystem::path& path) {
  std::error_code unseen;
  const bool is_link = std::filesystem::is_symlink(std::filesystem::symlink_status(path, unseen));
  const std::filesystem::file_status status = std::filesystem::status(path, unseen);
  const bool is_folder = std::filesystem::is_directory(status);
  if (is_folder && !is_link) {
    throw Error(Fault::Unsupported, path.string(), "is a directory, not a regular file", "Name a file in it");
  }
  const bool is_open_file =
      is_link && std::filesystem::read_symlink(path, unseen).native().rfind("/proc/", 0) == 0;
  if (is_open_file ||
      (std::filesystem::exists(status) && !is_folder && !std::filesystem::is_regular_file(status))) {
    throw Error(Fault::Unsupported, path.string(), "is a FIFO, socket or device, not a regular file",
                "Name a file on a disk");
  }
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), folder_(path_.has_parent_path() ? path_.parent_path() : ".") {
  require_replaceable(path_);
  descriptor_ = Descriptor(::open(folder_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  if (descriptor_) aside_ = "/proc/self/fd/" + std::to_string(descriptor_.get());
  // Without /proc the file could not be given a name later.
  if (!descriptor_ || ::access(aside_.c_str(), W_OK) != 0) open_named();
}

void AtomicFile::open_named() {
  do {
    temporary_ = folder_ / random_name();
    descriptor_ =
        Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  } while (!descriptor_ && errno == EEXIST);
  if (!descriptor_) {
    temporary_.clear();
    fail("cannot be created");
  }
  aside_ = temporary_.string();
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  write_all(descriptor_, {static_cast<const char*>(bytes), count}, path_.string());
  written_ += count;
}

void AtomicFile::commit() {
  sync_and_name();
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot be renamed into place");
  temporary_.clear();
  sync_folder();
}

bool AtomicFile::commit_new() {
  sync_and_name();
  if (::link(temporary_.c_str(), path_.c_str()) != 0) {
    if (errno == EEXIST) return false;
    fail("cannot be named");
  }
  ::unlink(temporary_.c_str());
  temporary_.clear();
  sync_folder();
  return true;
}

/// A link cannot replace a file, as a rename can: the file gets a random name first.
void AtomicFile::sync_and_name() {
  if (::fsync(descriptor_.get()) != 0) fail("cannot be synced");
  if (!temporary_.empty()) return;
  std::filesystem::path name;
  int rc = 0;
  do {
    name = folder_ / random_name();
    rc = ::linkat(AT_FDCWD, aside_.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW);
  } while (rc != 0 && errno == EEXIST);
  if (rc != 0) fail("cannot be named");
  temporary_ = name;
}

/// Where it cannot be synced the file has its name all the same; only its durability is not guaranteed.
void AtomicFile::sync_folder() {
  descriptor_.reset();
  const Descriptor opened(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened) ::fsync(opened.get());
}

void AtomicFile::fail(const char* what) const { throw write_error(path_.string(), what, errno); }

}  // namespace tvr

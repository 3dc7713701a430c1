#include "data/descriptor.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "data/error.h"
#include "data/write_error.h"

namespace tvr {

Descriptor open_regular(const std::filesystem::path& path) {
  const std::string name = path.string();
  Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
    throw Error(Fault::Machine, name, std::string("cannot be opened: ") + std::strerror(errno),
                "End other programs, or raise the limit (ulimit -n)");
  }
  if (!file) {
    throw Error(errno == ENOENT || errno == ENOTDIR ? Fault::NotFound : Fault::Unreadable, name,
                std::string("cannot be opened: ") + std::strerror(errno));
  }
  const mode_t mode = status_of(file, name).st_mode;
  if (S_ISDIR(mode))
    throw Error(Fault::Unsupported, name, "is a directory, not a regular file", "Name a file in it");
  if (!S_ISREG(mode)) {
    throw Error(Fault::Unsupported, name, "is a FIFO, socket or device, not a regular file",
                "Copy it to a file");
  }
  return file;
}

Descriptor replace_by_empty(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    throw write_error(path.string(), "cannot be replaced", errno);
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!file) throw write_error(path.string(), "cannot be created", errno);
  return file;
}

struct stat status_of(const Descriptor& file, const std::string& name) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    throw Error(Fault::Unreadable, name, std::string("cannot be examined: ") + std::strerror(errno));
  }
  return status;
}

std::size_t read_all(const Descriptor& from, void* to, std::size_t bytes, const std::string& name) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::read(from.get(), static_cast<char*>(to) + done, bytes - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(Fault::Unreadable, name, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void write_all(const Descriptor& to, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(to.get(), bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw write_error(name, "cannot be written", errno);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

}  // namespace tvr

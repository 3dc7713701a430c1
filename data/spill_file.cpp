#include "data/spill_file.h"

#include <fcntl.h>
#include <stdlib.h>

#include <cerrno>

#include "data/write_error.h"

namespace tvr {

SpillFile::SpillFile(const std::filesystem::path& folder) : folder_(folder.string()) {
  std::string name = (folder / ".tvr-rows-XXXXXX").string();
  descriptor_ = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!descriptor_) fail("cannot create a scratch file");
  ::unlink(name.c_str());
}

void SpillFile::write(std::int64_t offset, const void* from, std::size_t bytes) {
  const auto* next = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t done = ::pwrite(descriptor_.get(), next, bytes, offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("a scratch file cannot be written");
    next += done;
    offset += done;
    bytes -= static_cast<std::size_t>(done);
  }
}

void SpillFile::read(std::int64_t offset, void* to, std::size_t bytes) const {
  auto* next = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t done = ::pread(descriptor_.get(), next, bytes, offset);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) fail("a scratch file cannot be read");
    next += done;
    offset += done;
    bytes -= static_cast<std::size_t>(done);
  }
}

void SpillFile::fail(const char* what) const { throw write_error(folder_, what, errno); }

}  // namespace tvr

#include "data/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "data/descriptor.h"
#include "data/error.h"

namespace tvr {
MappedFile::MappedFile(const std::filesystem::path& path) {
  const Descriptor file = open_regular(path);
  size_ = static_cast<std::size_t>(status_of(file, path.string()).st_size);
  if (size_ == 0) return;  // an empty file cannot be mapped, which is not an error
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) {
    throw Error(Fault::Unreadable, path.string(), std::string("cannot be mapped: ") + std::strerror(errno));
  }
  data_ = static_cast<const char*>(address);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

void MappedFile::release_before(std::size_t end) const noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (const std::size_t whole_pages = end / page * page; whole_pages > 0)
    ::madvise(const_cast<char*>(data_), whole_pages, MADV_DONTNEED);
}

}  // namespace tvr

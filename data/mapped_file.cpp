#include "data/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "data/error.h"

namespace tvr {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  const auto refuse = [&path](Fault fault) { throw Error(fault, path.string(), std::strerror(errno)); };
  const Descriptor file(
      ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));  // without O_NONBLOCK a FIFO would block
  if (file.get() < 0) refuse(errno == ENOENT ? Fault::NotFound : Fault::Unreadable);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) refuse(Fault::Unreadable);
  if (!S_ISREG(status.st_mode)) throw Error(Fault::Unsupported, path.string(), "is not a regular file");
  if (status.st_size == 0) return;  // an empty file cannot be mapped, which is not an error
  size_ = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) refuse(Fault::Unreadable);
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

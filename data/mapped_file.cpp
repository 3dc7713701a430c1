#include "data/mapped_file.h"

#include <signal.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "data/error.h"
#include "data/mutex.h"

namespace tvr {
namespace {

/// An address range of a mapping, which the handler reads while others come and go.
struct Range {
  std::atomic<std::uintptr_t> begin{0};  // 0: free
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> lost{false};  // some of it could not be read
};

std::array<Range, 64> ranges;
Mutex choosing;  // of a free range
std::uintptr_t page_bytes;
struct sigaction action_before;

/// SIGBUS: maps zeros from the page at fault to the end of its file. All that it calls is a system call.
void replace_lost_pages(int /*signal*/, siginfo_t* info, void* /*context*/) {
  const int error_before = errno;
  const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (Range& range : ranges) {
    const std::uintptr_t begin = range.begin, end = range.end;
    if (begin == 0 || at < begin || at >= end) continue;
    range.lost = true;
    const std::uintptr_t page = at / page_bytes * page_bytes;
    void* const mapped = ::mmap(reinterpret_cast<void*>(page), end - page, PROT_READ,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (mapped == MAP_FAILED) break;
    errno = error_before;
    return;
  }
  // Not ours: the access is tried again, and fails as it would without this handler.
  ::sigaction(SIGBUS, &action_before, nullptr);
}

void install_handler() {
  static const bool installed = [] {
    page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = replace_lost_pages;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    return ::sigaction(SIGBUS, &action, &action_before) == 0;
  }();
  static_cast<void>(installed);
}

/// The place of a range that is now in use.
std::size_t claim(const char* data, std::size_t size, const std::string& name) {
  const MutexLock lock(choosing);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].begin != 0) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    ranges[i].lost = false;
    ranges[i].end = begin + size;
    ranges[i].begin = begin;
    return i;
  }
  throw Error(Fault::Limit, name, "too many files are mapped at once");
}

bool same_content(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path)
    : name_(path.string()), file_(open_regular(path)), status_(status_of(file_, name_)) {
  install_handler();
  size_ = static_cast<std::size_t>(status_.st_size);
  if (size_ == 0) return;  // an empty file cannot be mapped, which is not an error
  void* const address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_.get(), 0);
  if (address == MAP_FAILED) {
    throw Error(Fault::Unreadable, name_, std::string("cannot be mapped: ") + std::strerror(errno));
  }
  data_ = static_cast<const char*>(address);
  try {
    place_ = claim(data_, size_, name_);
  } catch (...) {
    ::munmap(address, size_);
    throw;
  }
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  ranges[place_].begin = 0;
  ::munmap(const_cast<char*>(data_), size_);
}

void MappedFile::require_unchanged() const {
  const bool lost = data_ != nullptr && ranges[place_].lost;
  if (!lost && same_content(status_of(file_, name_), status_)) return;
  throw Error(Fault::Unreadable, name_, "has been changed or cut while it was in use",
              "Start the program again");
}

void MappedFile::release_before(std::size_t end) const noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (const std::size_t whole_pages = end / page * page; whole_pages > 0)
    ::madvise(const_cast<char*>(data_), whole_pages, MADV_DONTNEED);
}

}  // namespace tvr

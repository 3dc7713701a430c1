#include "data/store/row_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "data/error.h"
#include "data/write_error.h"

namespace tvr {
namespace {

constexpr std::size_t kHashBytes = 64;  // a Digest
constexpr std::size_t kSpanBytes = 2 * sizeof(std::int64_t);
constexpr mode_t kForUs = S_IRUSR | S_IWUSR;

bool is_ours(const Descriptor& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
}

/// A link, a FIFO or a file with a second name was put there by somebody else: it makes way for a new file.
Descriptor opened(const char* path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  Descriptor file(::open(path, kFlags, kForUs));
  if (file && is_ours(file)) return file;
  ::unlink(path);
  return Descriptor(::open(path, kFlags | O_EXCL, kForUs));
}

}  // namespace

RowFile::RowFile(RowPlace place, std::int64_t dim)
    : place_(std::move(place)), dim_(dim), file_(opened(place_.file.c_str())) {
  if (!file_) fail("cannot be created for the rows of a video in progress");
}

void RowFile::write(std::int64_t row, const TimeSpan& span, const std::uint16_t* halves) {
  const std::int64_t times[] = {span.start.count(), span.end.count()};
  std::string slot(kHashBytes + content_bytes(), '\0');
  std::memcpy(slot.data() + kHashBytes, times, kSpanBytes);
  std::memcpy(slot.data() + kHashBytes + kSpanBytes, halves, content_bytes() - kSpanBytes);
  slot.replace(0, kHashBytes, hash_of(row, std::string_view(slot).substr(kHashBytes)));
  for (std::size_t at = 0; at < slot.size();) {
    const ssize_t done = ::pwrite(file_.get(), slot.data() + at, slot.size() - at,
                                  offset_of(row) + static_cast<std::int64_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("cannot be written");
    at += static_cast<std::size_t>(done);
  }
}

bool RowFile::read(std::int64_t row, TimeSpan& span, std::uint16_t* halves) const {
  std::string slot(kHashBytes + content_bytes(), '\0');
  for (std::size_t at = 0; at < slot.size();) {
    const ssize_t got = ::pread(file_.get(), slot.data() + at, slot.size() - at,
                                offset_of(row) + static_cast<std::int64_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot be read");
    if (got == 0) return false;
    at += static_cast<std::size_t>(got);
  }
  const std::string_view content = std::string_view(slot).substr(kHashBytes);
  if (slot.compare(0, kHashBytes, hash_of(row, content)) != 0) return false;
  std::int64_t times[2];
  std::memcpy(times, content.data(), kSpanBytes);
  span = {Micros(times[0]), Micros(times[1])};
  std::memcpy(halves, content.data() + kSpanBytes, content.size() - kSpanBytes);
  return true;
}

void RowFile::discard() {
  if (::unlink(place_.file.c_str()) != 0 && errno != ENOENT) fail("cannot be deleted");
}

Digest RowFile::hash_of(std::int64_t row, std::string_view content) const {
  Sha256 hash;
  hash.add(place_.key + " " + std::to_string(row) + "\n");
  hash.add(content);
  return hash.finish();
}

std::size_t RowFile::content_bytes() const {
  return kSpanBytes + static_cast<std::size_t>(dim_) * sizeof(std::uint16_t);
}

std::int64_t RowFile::offset_of(std::int64_t row) const {
  return row * static_cast<std::int64_t>(kHashBytes + content_bytes());
}

void RowFile::fail(const char* what) const {
  const Error error = write_error(place_.file.string(), what, errno);
  throw Error(Fault::Machine, error.where(), error.seen(), error.advice());  // not the video's
}

}  // namespace tvr

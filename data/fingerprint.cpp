#include "data/fingerprint.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "data/error.h"

namespace tvr {
namespace {

/// A regular file, open for reading. Opening never blocks on a FIFO or a device.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path) : name_(path.string()) {
    descriptor_ = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor_ < 0 || fstat(descriptor_, &status_) != 0) {
      const Fault fault = errno == ENOENT ? Fault::NotFound : Fault::Unreadable;
      throw Error(fault, name_, std::string("the file cannot be opened (") + std::strerror(errno) + ")");
    }
    if (!S_ISREG(status_.st_mode)) {
      close(descriptor_);
      throw Error(Fault::Unsupported, name_, "it is not a regular file");
    }
  }
  ~InputFile() { close(descriptor_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] const struct stat& status() const noexcept { return status_; }
  [[nodiscard]] Digest digest(const Progress& progress = {}) const {
    Sha256 sha;
    std::string buffer(std::size_t{1} << 18U, '\0');
    for (std::int64_t done = 0;;) {
      if (progress && !progress({"hash", done, status_.st_size})) {
        throw Error(Fault::Interrupted, name_, "stopped on request while it was hashed",
                    "Run the same command again to go on");
      }
      const ssize_t count = read(descriptor_, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        throw Error(Fault::Unreadable, name_,
                    std::string("the file cannot be read (") + std::strerror(errno) + ")");
      }
      if (count == 0) return sha.finish();
      sha.add({buffer.data(), static_cast<std::size_t>(count)});
      done += count;
    }
  }

 private:
  std::string name_;
  int descriptor_ = -1;
  struct stat status_ {};
};

SourceFingerprint marks_of(const struct stat& status) {
  return {status.st_size, status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec, {}};
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr) throw std::bad_alloc();
  EVP_DigestInit_ex(context_, EVP_sha256(), nullptr);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }

Digest Sha256::finish() {
  std::array<unsigned char, 32> raw{};
  EVP_DigestFinal_ex(context_, raw.data(), nullptr);
  static const char digits[] = "0123456789abcdef";
  Digest text;
  for (const unsigned char byte : raw) text += {digits[byte >> 4U], digits[byte & 15U]};
  return text;
}

Digest sha256(std::string_view bytes) {
  Sha256 sha;
  sha.add(bytes);
  return sha.finish();
}

Digest sha256_file(const std::filesystem::path& path) { return InputFile(path).digest(); }

SourceFingerprint fingerprint_source(const std::filesystem::path& path,
                                     const std::optional<SourceFingerprint>& known,
                                     const Progress& progress) {
  struct stat seen {};
  if (known && stat(path.c_str(), &seen) == 0 &&
      S_ISREG(seen.st_mode)) {  // opening a million files takes longer
    const SourceFingerprint marks = marks_of(seen);
    if (known->bytes == marks.bytes && known->mtime_ns == marks.mtime_ns) return *known;
  }
  const InputFile file(path);
  SourceFingerprint found = marks_of(file.status());
  found.content = file.digest(progress);
  return found;
}

bool has_changed(const std::filesystem::path& path, const SourceFingerprint& since) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const SourceFingerprint now = marks_of(status);
  return now.bytes != since.bytes || now.mtime_ns != since.mtime_ns;
}

}  // namespace tvr

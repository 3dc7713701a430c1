#include "data/fingerprint.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "data/error.h"

namespace tvr {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void add(const void* bytes, std::size_t count) { EVP_DigestUpdate(context_.get(), bytes, count); }
  [[nodiscard]] Digest finish() {
    std::array<unsigned char, 32> raw{};
    EVP_DigestFinal_ex(context_.get(), raw.data(), nullptr);
    static const char digits[] = "0123456789abcdef";
    Digest text;
    for (const unsigned char byte : raw) text += {digits[byte >> 4U], digits[byte & 15U]};
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

/// A regular file, open for reading. Never blocks on a FIFO or a device.
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
  [[nodiscard]] Digest digest() const {
    Sha256 sha;
    std::string buffer(std::size_t{1} << 18U, '\0');
    for (;;) {
      const ssize_t count = read(descriptor_, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        throw Error(Fault::Unreadable, name_,
                    std::string("the file cannot be read (") + std::strerror(errno) + ")");
      }
      if (count == 0) return sha.finish();
      sha.add(buffer.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  std::string name_;
  int descriptor_ = -1;
  struct stat status_ {};
};

}  // namespace

Digest sha256(std::string_view bytes) {
  Sha256 sha;
  sha.add(bytes.data(), bytes.size());
  return sha.finish();
}

Digest sha256_file(const std::filesystem::path& path) { return InputFile(path).digest(); }

SourceFingerprint fingerprint_source(const std::filesystem::path& path,
                                     const std::optional<SourceFingerprint>& known) {
  const auto marks_of = [](const struct stat& status) {
    return SourceFingerprint{
        status.st_size, status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec, {}};
  };
  struct stat seen {};
  if (known && stat(path.c_str(), &seen) == 0 &&
      S_ISREG(seen.st_mode)) {  // opening a million files takes longer
    const SourceFingerprint marks = marks_of(seen);
    if (known->bytes == marks.bytes && known->mtime_ns == marks.mtime_ns) return *known;
  }
  const InputFile file(path);
  SourceFingerprint found = marks_of(file.status());
  found.content = file.digest();
  return found;
}

}  // namespace tvr

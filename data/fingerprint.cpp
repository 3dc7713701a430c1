#include "data/fingerprint.h"

#include <openssl/evp.h>
#include <sys/stat.h>

#include <array>
#include <new>

#include "data/descriptor.h"
#include "data/error.h"

namespace tvr {
namespace {

Digest digest_of(const Descriptor& file, const std::string& name, const Progress& progress = {}) {
  const std::int64_t size = status_of(file, name).st_size;
  Sha256 sha;
  std::string buffer(std::size_t{1} << 18U, '\0');
  for (std::int64_t done = 0;;) {
    if (progress && !progress({"hash", done, size})) {
      throw Error(Fault::Interrupted, name, "stopped on request while it was hashed",
                  "Run the same command again to go on");
    }
    const std::size_t count = read_all(file, buffer.data(), buffer.size(), name);
    if (count == 0) return sha.finish();
    sha.add({buffer.data(), count});
    done += static_cast<std::int64_t>(count);
  }
}

SourceFingerprint marks_of(const struct stat& status) {
  return {status.st_size, status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec, {}};
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  // OpenSSL 3 looks EVP_sha256() up by its name at every use, which takes longer than a short text's hash.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (context_ == nullptr || algorithm == nullptr) throw std::bad_alloc();
  EVP_DigestInit_ex(context_, algorithm, nullptr);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }

Digest Sha256::finish() {
  std::array<unsigned char, 32> raw{};
  EVP_DigestFinal_ex(context_, raw.data(), nullptr);
  static const char digits[] = "0123456789abcdef";
  Digest text;
  text.reserve(2 * raw.size());
  for (const unsigned char byte : raw) text += {digits[byte >> 4U], digits[byte & 15U]};
  return text;
}

Digest sha256(std::string_view bytes) {
  Sha256 sha;
  sha.add(bytes);
  return sha.finish();
}

Digest sha256_file(const std::filesystem::path& path) { return digest_of(open_regular(path), path.string()); }

SourceFingerprint fingerprint_source(const std::filesystem::path& path,
                                     const std::optional<SourceFingerprint>& known,
                                     const Progress& progress) {
  struct stat seen {};
  if (known && stat(path.c_str(), &seen) == 0 &&
      S_ISREG(seen.st_mode)) {  // opening a million files takes longer
    const SourceFingerprint marks = marks_of(seen);
    if (known->bytes == marks.bytes && known->mtime_ns == marks.mtime_ns) return *known;
  }
  const Descriptor file = open_regular(path);
  SourceFingerprint found = marks_of(status_of(file, path.string()));
  found.content = digest_of(file, path.string(), progress);
  return found;
}

bool has_changed(const std::filesystem::path& path, const SourceFingerprint& since) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const SourceFingerprint now = marks_of(status);
  return now.bytes != since.bytes || now.mtime_ns != since.mtime_ns;
}

}  // namespace tvr

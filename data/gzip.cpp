#include "data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

#include "data/error.h"

namespace tvr {
namespace {

constexpr std::size_t kPieceBytes = 1 << 16;
constexpr const char* kDownloadAgain = "The file is damaged or incomplete: download it again";

}  // namespace

bool is_gzip(std::string_view bytes) noexcept { return bytes.substr(0, 2) == "\x1f\x8b"; }

std::string gunzip(std::string_view bytes, const std::string& where, std::size_t most_bytes) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;  // the largest window, in gzip's wrapping
  if (::inflateInit2(&stream, kGzip) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, ::inflateEnd);

  std::string content, piece(kPieceBytes, '\0');
  int outcome = Z_OK;
  while (!bytes.empty() || stream.avail_in > 0) {
    if (stream.avail_in == 0) {
      const std::size_t next = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream.avail_in = static_cast<uInt>(next);
      bytes.remove_prefix(next);
    }
    if (outcome == Z_STREAM_END) ::inflateReset(&stream);  // another member
    do {
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = static_cast<uInt>(piece.size());
      outcome = ::inflate(&stream, Z_NO_FLUSH);
      content.append(piece, 0, piece.size() - stream.avail_out);
      if (outcome == Z_MEM_ERROR) throw std::bad_alloc();
      if (outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR)
        throw Error(Fault::Corrupt, where, "its gzip data are damaged", kDownloadAgain);
      if (content.size() > most_bytes) {
        throw Error(Fault::Limit, where,
                    "unpacks to more than " + std::to_string(most_bytes) + " bytes, the most it may have");
      }
    } while (outcome == Z_OK && stream.avail_out == 0);
  }
  if (outcome != Z_STREAM_END)
    throw Error(Fault::Corrupt, where, "its gzip data end too early", kDownloadAgain);
  return content;
}

}  // namespace tvr

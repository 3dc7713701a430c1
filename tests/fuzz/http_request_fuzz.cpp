#include <cstdint>
#include <cstdlib>

#include "pipeline/serve/http_range.h"
#include "pipeline/serve/http_request.h"

namespace {

using namespace tvr;

void check_range(const HttpRequest& request) {
  for (const std::int64_t size : {std::int64_t{1}, std::int64_t{1000}, INT64_MAX}) {
    const auto part = requested_range(request.range, size);
    if (part && (part->begin < 0 || part->size < 0 || part->size > size || part->begin > size - part->size))
      std::abort();
  }
  static_cast<void>(lists_etag(request.if_none_match, "\"v\""));
}

}  // namespace

/// Whatever comes in whatever pieces: a request is taken only with its last byte, and what was refused stays
/// so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read_request(bytes);
  if (const auto* const request = std::get_if<HttpRequest>(&whole)) {
    const std::size_t end = bytes.find("\r\n\r\n") + 4;
    if (request->path.empty() || request->path[0] != '/' || request->host.find('\n') != std::string::npos ||
        (end + request->body_bytes < size && request->keep_alive))
      std::abort();
    for (std::size_t part = 0; part < end; ++part) {
      if (!std::holds_alternative<HttpIncomplete>(read_request(bytes.substr(0, part)))) std::abort();
    }
    check_range(*request);
  } else if (std::holds_alternative<HttpRefusal>(whole) && size < kMostHeadBytes) {
    if (std::holds_alternative<HttpRequest>(read_request(std::string(bytes) + "\r\n\r\n"))) std::abort();
  }
  return 0;
}

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tvr {

/// One request over HTTP or HTTPS.
struct TransferRequest {
  std::string url;
  std::int64_t from = 0;  // ask for the file from this byte on
  std::string validator;  // if `from` > 0: only if its ETag is still this (If-Range); empty: in any case
  double stall_s = 60;    // give up when nothing has come for so long
  double connect_s = 30;
};

/// What the server says before the content: of the last response, after redirections.
struct ResponseHead {
  int status = 0;
  std::int64_t from = 0;    // the content begins at this byte of the file (Content-Range), with status 206
  std::int64_t total = -1;  // bytes of the whole file, as far as it says; -1: it does not
  std::string etag;         // a strong one, as it came; else empty
  std::string content_type;
};

/// Both may throw, which ends the transfer.
struct TransferSink {
  std::function<void(const ResponseHead& head)> begin;  // before the first byte, and where there is none
  std::function<void(std::string_view bytes)> data;     // of responses 200 and 206 alone
  std::function<bool()> go_on;                          // asked often; false ends the transfer
};

enum class TransferEnd {
  Complete,     // the response came to its end
  CutShort,     // the connection broke or stalled: another try may go on
  Unreachable,  // no connection to the server, or none that can be trusted
  Refused,      // a status other than 200, 206 and 416, or too many redirections
  Stopped,      // go_on() said so
};
struct TransferResult {
  TransferEnd end = TransferEnd::Complete;
  int status = 0;     // HTTP; 0: no response
  std::string words;  // what happened, unless Complete
};

/// Runs a request on the calling thread; proxies are those of curl's variables (https_proxy, no_proxy, ...).
/// An address with https is never redirected to one without.
[[nodiscard]] TransferResult transfer(const TransferRequest& request, const TransferSink& sink);

}  // namespace tvr

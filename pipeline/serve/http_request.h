#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tvr {

constexpr std::size_t kMostHeadBytes = 16 << 10;
constexpr std::size_t kMostBodyBytes = 16 << 20;

/// A GET, HEAD or POST request. Header fields that are not here are not used.
struct HttpRequest {
  bool is_head = false;
  bool is_post = false;
  bool keep_alive = true;  // the connection may carry another request
  std::string host;        // in lower case, with the port if it was given: "localhost:8000"
  std::string path;        // as sent: "/media"
  std::vector<std::pair<std::string, std::string>> parameters;  // of the query, percent-decoded
  std::string range, if_range, if_none_match;                   // empty: not there
  std::string origin, content_type;                             // of a POST; empty: not there
  std::size_t head_bytes = 0;                                   // the body begins there
  std::size_t body_bytes = 0;                                   // of a POST: 1 to kMostBodyBytes
  // read_request() leaves these empty.
  std::string body;
  std::function<bool()> is_gone;  // whether the client has closed the connection

  /// The first parameter with this name; nullptr: there is none.
  [[nodiscard]] const std::string* parameter(std::string_view name) const noexcept;
};

/// The answer to what is not accepted. The connection must be closed after it: where the next request would
/// begin is unknown.
struct HttpRefusal {
  int status = 400;
  std::string words;
};

/// More bytes are needed to tell.
struct HttpIncomplete {};

/// Reads the request that `bytes`, all that a connection has received since the last answer, begin with.
/// Stricter than RFC 9112 asks for, so that nobody between client and server can see another request than
/// this server: no body but that of a POST, whose length is announced by one number, no bare CR or LF, no
/// folded or repeated framing fields, exactly one Host, a target that begins with '/'. Bytes after the head
/// are not looked at; where there is no body they end the connection.
[[nodiscard]] std::variant<HttpIncomplete, HttpRequest, HttpRefusal> read_request(std::string_view bytes);

}  // namespace tvr

#include "pipeline/serve/http_request.h"

#include <algorithm>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <limits>
#include <optional>

namespace tvr {
namespace {

namespace http = boost::beast::http;

using Parser = http::request_parser<http::empty_body>;

/// What the parser would accept: control characters, lines that end with LF alone, folded fields. Examines
/// lines as far as they have come.
bool has_malformed_line(std::string_view bytes) {
  char last = '\n';
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const bool begins_line = last == '\n';
    if ((c == '\n') != (last == '\r')) return true;
    if (begins_line && (c == ' ' || c == '\t')) return true;
    if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) return true;
    last = bytes[i];
  }
  return false;
}

/// Why the request line, if it has come to its end, is not one of HTTP/1; 0: it may be. Without this a
/// request of HTTP/0.9, which ends after it, would wait in vain.
int status_of_request_line(std::string_view head) {
  constexpr std::string_view kVersion = " HTTP/1.";
  const std::size_t end = head.find("\r\n");
  if (end == std::string_view::npos) return 0;
  const std::string_view line = head.substr(0, end);
  const std::size_t version = line.rfind(' ');
  if (version == std::string_view::npos || line.substr(version, 6) != kVersion.substr(0, 6)) return 400;
  const std::string_view minor = line.substr(std::min(version + kVersion.size(), line.size()));
  return line.substr(version, kVersion.size()) == kVersion && (minor == "0" || minor == "1") ? 0 : 505;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// application/x-www-form-urlencoded, as browsers write it. nullopt: a '%' without two digits.
std::optional<std::string> decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_value(text[i + 2]);
    if (low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

/// False: the query has an escape that is none.
bool read_parameters(std::string_view query, HttpRequest& request) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t name_bytes = std::min(pair.find('='), pair.size());
    const std::optional<std::string> name = decoded(pair.substr(0, name_bytes));
    const std::optional<std::string> value = decoded(pair.substr(std::min(name_bytes + 1, pair.size())));
    if (!name || !value) return false;
    request.parameters.emplace_back(*name, *value);
  }
  return true;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string text_of(const Parser::value_type& message, http::field name) {
  const auto value = message[name];
  return {value.data(), value.size()};
}

/// What is wrong with how the message says where it ends; nullopt: nothing.
std::optional<HttpRefusal> refusal_of_length(const Parser& parser) {
  const Parser::value_type& message = parser.get();
  const bool is_number =
      text_of(message, http::field::content_length).find_first_not_of("0123456789") == std::string::npos;
  if (message.count(http::field::transfer_encoding) > 0 || message.count(http::field::content_length) > 1 ||
      !is_number)
    return HttpRefusal{400, "the length of the request is ambiguous"};
  const std::uint64_t length = parser.content_length().value_or(0);
  if (message.method() != http::verb::post) {
    return length > 0 ? std::optional(HttpRefusal{413, "such requests have no body here"}) : std::nullopt;
  }
  if (length == 0) return HttpRefusal{411, "a POST says how many bytes follow, at least one"};
  if (length > kMostBodyBytes) return HttpRefusal{413, "the body has more than 16 MiB"};
  if (message.count(http::field::expect) > 0) return HttpRefusal{417, "send the body at once"};
  return std::nullopt;
}

std::variant<HttpIncomplete, HttpRequest, HttpRefusal> request_of(const Parser& parser) {
  const Parser::value_type& message = parser.get();
  const http::verb method = message.method();
  if (method != http::verb::get && method != http::verb::head && method != http::verb::post)
    return HttpRefusal{405, "only GET, HEAD and POST are supported"};
  if (std::optional<HttpRefusal> refusal = refusal_of_length(parser)) return *refusal;
  if (message.count(http::field::host) != 1) return HttpRefusal{400, "a request has exactly one Host"};
  if (message.count(http::field::origin) > 1 || message.count(http::field::content_type) > 1)
    return HttpRefusal{400, "a request has at most one Origin and one Content-Type"};

  const std::string_view target(message.target().data(), message.target().size());
  if (target.front() != '/' || target.find('#') != std::string_view::npos)
    return HttpRefusal{400, "the target must be a path, beginning with '/'"};
  HttpRequest request;
  const std::size_t query = std::min(target.find('?'), target.size());
  request.path = target.substr(0, query);
  if (!read_parameters(target.substr(std::min(query + 1, target.size())), request))
    return HttpRefusal{400, "the query has a '%' without two hexadecimal digits"};
  request.is_head = method == http::verb::head;
  request.is_post = method == http::verb::post;
  request.keep_alive = message.version() == 11 && message.keep_alive();
  request.host = lower(text_of(message, http::field::host));
  request.range = text_of(message, http::field::range);
  request.if_range = text_of(message, http::field::if_range);
  request.if_none_match = text_of(message, http::field::if_none_match);
  request.origin = text_of(message, http::field::origin);
  request.content_type = text_of(message, http::field::content_type);
  request.body_bytes = static_cast<std::size_t>(parser.content_length().value_or(0));
  return request;
}

}  // namespace

const std::string* HttpRequest::parameter(std::string_view name) const noexcept {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

std::variant<HttpIncomplete, HttpRequest, HttpRefusal> read_request(std::string_view bytes) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t end = bytes.substr(0, kMostHeadBytes).find(kEnd);
  const bool is_complete = end != std::string_view::npos;
  const std::string_view head = bytes.substr(0, is_complete ? end + kEnd.size() : kMostHeadBytes);
  if (has_malformed_line(head)) return HttpRefusal{400, "this is not a request as RFC 9112 defines it"};
  if (const int status = status_of_request_line(head); status != 0)
    return HttpRefusal{status, "the version of HTTP must be 1.0 or 1.1"};
  if (!is_complete) {
    if (bytes.size() < kMostHeadBytes) return HttpIncomplete{};
    const bool is_target = head.find("\r\n") == std::string_view::npos;
    return HttpRefusal{is_target ? 414 : 431, "the request is longer than 16 KiB"};
  }
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(kMostHeadBytes));
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // refusal_of_length() is clearer
  boost::system::error_code problem;
  parser.put(boost::asio::buffer(head.data(), head.size()), problem);
  if (problem || !parser.is_header_done())
    return HttpRefusal{400, "this is not a request as RFC 9112 defines it"};
  std::variant<HttpIncomplete, HttpRequest, HttpRefusal> result = request_of(parser);
  auto* const request = std::get_if<HttpRequest>(&result);
  if (request == nullptr) return result;
  request->head_bytes = head.size();
  if (bytes.size() > head.size() + request->body_bytes) request->keep_alive = false;
  return result;
}

}  // namespace tvr

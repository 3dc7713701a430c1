#include "pipeline/serve/http_request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tvr {
namespace {

const std::string kHost = "Host: localhost:8000\r\n";

/// The status that the bytes are refused with; 0: a request, -1: more bytes are needed.
int refusal_of(const std::string& bytes) {
  const auto read = read_request(bytes);
  if (std::holds_alternative<HttpIncomplete>(read)) return -1;
  const auto* const refusal = std::get_if<HttpRefusal>(&read);
  return refusal == nullptr ? 0 : refusal->status;
}

HttpRequest request_of(const std::string& bytes) { return std::get<HttpRequest>(read_request(bytes)); }

TEST(HttpRequest, HasWhatTheServerUses) {
  const HttpRequest request = request_of(
      "GET /api/search?q=a%20man+cooks%26more&top=5&q=second&empty= HTTP/1.1\r\nHOST: LocalHost:8000\r\n"
      "Range:\tbytes=0-9 \r\nIf-Range: \"v1\"\r\nif-none-match: W/\"v0\"\r\nX-Else: \xc3\xa4\r\n\r\n");
  EXPECT_FALSE(request.is_head);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_EQ(request.host, "localhost:8000");
  EXPECT_EQ(request.path, "/api/search");
  EXPECT_EQ(*request.parameter("q"), "a man cooks&more");
  EXPECT_EQ(*request.parameter("top"), "5");
  EXPECT_EQ(*request.parameter("empty"), "");
  EXPECT_EQ(request.parameter("none"), nullptr);
  EXPECT_EQ(request.range, "bytes=0-9");
  EXPECT_EQ(request.if_range, "\"v1\"");
  EXPECT_EQ(request.if_none_match, "W/\"v0\"");
  EXPECT_TRUE(request_of("HEAD / HTTP/1.1\r\n" + kHost + "\r\n").is_head);
}

TEST(HttpRequest, KeepsTheConnectionAsTheClientWishesAndOnlyIfNothingFollows) {
  EXPECT_TRUE(request_of("GET / HTTP/1.1\r\n" + kHost + "\r\n").keep_alive);
  EXPECT_FALSE(request_of("GET / HTTP/1.1\r\n" + kHost + "Connection: x, Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(request_of("GET / HTTP/1.0\r\n" + kHost + "\r\n").keep_alive);
  EXPECT_FALSE(request_of("GET / HTTP/1.0\r\n" + kHost + "Connection: keep-alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(
      request_of("GET / HTTP/1.1\r\n" + kHost + "\r\nGET /api/run HTTP/1.1\r\n" + kHost + "\r\n").keep_alive);
}

TEST(HttpRequest, IsCompleteWithItsEmptyLineAndNotBefore) {
  const std::string whole = "GET / HTTP/1.1\r\n" + kHost + "Accept: */*\r\n\r\n";
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes)
    EXPECT_EQ(refusal_of(whole.substr(0, bytes)), -1) << bytes;
  EXPECT_EQ(refusal_of(whole), 0);
}

TEST(HttpRequest, HasNoBodyAndNoDoubtAboutIt) {
  const auto with = [](const std::string& fields) {
    return refusal_of("GET / HTTP/1.1\r\n" + kHost + fields + "\r\n");
  };
  EXPECT_EQ(with("Content-Length: 0\r\n"), 0);
  EXPECT_EQ(with("Content-Length: 62\r\n"), 413);
  EXPECT_EQ(with("Content-Length: 0\r\nContent-Length: 0\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 0\r\nContent-Length: 5\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 0, 5\r\n"), 400);
  EXPECT_EQ(with("Content-Length: -1\r\n"), 400);
  EXPECT_EQ(with("Content-Length: +5\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 0x5\r\n"), 400);
  EXPECT_EQ(with("Content-Length:\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 99999999999999999999999\r\n"), 400);
  EXPECT_EQ(with("Transfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(with("Transfer-Encoding: identity\r\n"), 400);
  EXPECT_EQ(with("transfer-encoding: xchunked\r\n"), 400);
  EXPECT_EQ(with("Content-Length : 5\r\n"), 400);
  EXPECT_EQ(with("Transfer-Encoding\t: chunked\r\n"), 400);
}

TEST(HttpRequest, HasExactlyOneHost) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"), 400);
}

TEST(HttpRequest, OfAnotherMethodIsRefused) {
  for (const char* const method :
       {"PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "post", "X"})
    EXPECT_EQ(refusal_of(std::string(method) + " / HTTP/1.1\r\n" + kHost + "\r\n"), 405) << method;
  EXPECT_EQ(refusal_of("PUT / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nabc"), 405);
}

TEST(HttpRequest, OfAPostSaysByOneNumberHowLongItsBodyIs) {
  const auto with = [](const std::string& fields) {
    return refusal_of("POST / HTTP/1.1\r\n" + kHost + fields + "\r\n");
  };
  EXPECT_EQ(with("Content-Length: 3\r\n"), 0);
  EXPECT_EQ(with("Content-Length: 16777216\r\n"), 0);
  EXPECT_EQ(with("Content-Length: 16777217\r\n"), 413);
  EXPECT_EQ(with("Content-Length: 18446744073709551615\r\n"), 413);
  EXPECT_EQ(with("Content-Length: 18446744073709551616\r\n"), 400);
  EXPECT_EQ(with(""), 411);
  EXPECT_EQ(with("Content-Length: 0\r\n"), 411);
  EXPECT_EQ(with("Content-Length: -3\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 0x3\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 3, 3\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 3\r\nContent-Length: 3\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(with("Transfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 3\r\nExpect: 100-continue\r\n"), 417);
  EXPECT_EQ(with("Content-Length: 3\r\nOrigin: http://a\r\nOrigin: http://localhost:8000\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 3\r\nContent-Type: image/png\r\nContent-Type: text/plain\r\n"), 400);
}

TEST(HttpRequest, OfAPostSaysWhereItsBodyBeginsAndEnds) {
  const std::string head =
      "POST /api/search?q=a HTTP/1.1\r\n" + kHost +
      "Content-Length: 3\r\nContent-Type: image/png\r\nOrigin: http://localhost:8000\r\n\r\n";
  for (const char* const body : {"", "a", "abc", "\n\r\n"}) {
    const HttpRequest request = request_of(head + body);
    EXPECT_TRUE(request.is_post);
    EXPECT_EQ(request.head_bytes, head.size());
    EXPECT_EQ(request.body_bytes, 3U);
    EXPECT_EQ(request.content_type, "image/png");
    EXPECT_EQ(request.origin, "http://localhost:8000");
    EXPECT_TRUE(request.keep_alive);
  }
  EXPECT_FALSE(request_of(head + "abcG").keep_alive) << "what follows is not looked at";
}

TEST(HttpRequest, OfAnotherVersionIsRefusedAtItsFirstLine) {
  EXPECT_EQ(refusal_of("GET /\r\n"), 400);
  EXPECT_EQ(refusal_of("GET\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/0.9\r\n"), 505);
  EXPECT_EQ(refusal_of("GET / HTTP/1.2\r\n"), 505);
  EXPECT_EQ(refusal_of("GET / HTTP/1.10\r\n"), 505);
  EXPECT_EQ(refusal_of("GET / HTTP/9.9\r\n"), 505);
  EXPECT_EQ(refusal_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  EXPECT_EQ(refusal_of("GET / http/1.1\r\n"), 400);
}

TEST(HttpRequest, NamesAPathAndNothingElse) {
  const auto status = [](const std::string& target) {
    return refusal_of("GET " + target + " HTTP/1.1\r\n" + kHost + "\r\n");
  };
  EXPECT_EQ(status("/a/b.c?d=e"), 0);
  for (const char* const target : {"http://localhost/api/run", "localhost:8000", "*", "api", "?q=a", "/a#b",
                                   "/a b", "", "/?q=%", "/?q=%4", "/?q=%zz", "/?%=1"})
    EXPECT_EQ(status(target), 400) << target;
}

TEST(HttpRequest, EndsItsLinesWithCrLfAndFoldsNone) {
  for (const std::string& bytes :
       std::vector<std::string>{"GET / HTTP/1.1\n",
                                "GET / HTTP/1.1\nHost: localhost\n\n",
                                "GET / HTTP/1.1\r\n" + kHost + "\n",
                                "GET / HTTP/1.1\r\n" + kHost + "X: a\nGET / HTTP/1.1\r\n\r\n",
                                "GET / HTTP/1.1\r\n" + kHost + "X: a\rb\r\n\r\n",
                                "GET / HTTP/1.1\r\n" + kHost + "X: a\r\n b\r\n\r\n",
                                "GET / HTTP/1.1\r\n" + kHost + "X: a\r\n\tb\r\n\r\n",
                                "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
                                " GET / HTTP/1.1\r\n",
                                "\r\n\r\n",
                                "\n",
                                "GET / HTTP/1.1\r\n" + kHost + std::string("X: a\0b\r\n\r\n", 10),
                                std::string("\0", 1),
                                std::string("\x16\x03\x01\x02"),
                                "GET / HTTP/1.1\r\n" + kHost + "X: \x7f\r\n\r\n",
                                "GET / HTTP/1.1\r\n" + kHost + "no colon\r\n\r\n",
                                "GET / HTTP/1.1\r\n" + kHost + ": no name\r\n\r\n",
                                "GET / HTTP/1.1\r\n" + kHost + "X(: a\r\n\r\n",
                                "GET  / HTTP/1.1\r\n" + kHost + "\r\n",
                                "GET / HTTP/1.1 \r\n" + kHost + "\r\n",
                                "GET\t/ HTTP/1.1\r\n" + kHost + "\r\n"})
    EXPECT_EQ(refusal_of(bytes), 400) << bytes;
}

TEST(HttpRequest, HasAtMost16KiB) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n" + kHost + "X: " + std::string(20'000, 'x')), 431);
  EXPECT_EQ(refusal_of("GET /" + std::string(20'000, 'x')), 414);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n" + kHost + "X: " + std::string(20'000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n" + kHost + "X: " + std::string(15'000, 'x') + "\r\n\r\n"), 0);
}

}  // namespace
}  // namespace tvr

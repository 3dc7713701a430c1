#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "extract/media/media.h"
#include "pipeline/serve/http_request.h"

namespace tvr {

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string text;                          // the content, unless there is a file
  std::shared_ptr<const SendableFile> file;  // sent from `begin` on
  std::int64_t begin = 0;
  std::int64_t size = 0;
};

/// Answers GET, HEAD and POST requests of HTTP/1.1, many at once. A connection costs no thread while it waits
/// for bytes or for a slow reader, only while its request is being answered. The head of a request must be
/// complete five seconds after the connection began or the previous response ended, a body half a minute
/// later. At most 400 connections are open: a further one closes the one that has not moved for the longest
/// time. At most four have a body, of up to kMostBodyBytes, in memory: others get 503.
class HttpServer {
 public:
  /// Called by several threads at once; must not throw.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  /// For a POST whose body has not been read yet: the refusal, after which the connection is closed; nullopt
  /// lets it in. Must not throw.
  using Admit = std::function<std::optional<HttpRefusal>(const HttpRequest&)>;
  /// For requests that do not reach the handler.
  using Refuse = std::function<HttpResponse(const HttpRefusal&)>;

  /// Listens from now on, answers from start() on; port 0: any free one. Throws Error(Unreadable) if that is
  /// not possible.
  HttpServer(const std::string& host, int port, Handler handler, Admit admit, Refuse refuse);
  /// Closes all connections; waits for handlers that are running.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void start();
  [[nodiscard]] int port() const noexcept;
  /// The address that is listened on: "127.0.0.1", "::1".
  [[nodiscard]] std::string address() const;
  [[nodiscard]] bool is_loopback() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr

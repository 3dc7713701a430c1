#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "data/descriptor.h"

namespace tvr::testing {

/// What a ScriptedServer does with a request.
struct ScriptedReply {
  std::string bytes;    // sent as they are; then the connection is closed,
  bool stalls = false;  // or nothing more is sent until the client closes it
};

/// An HTTP server on 127.0.0.1 that can lie: a reply is any bytes. One connection at a time; ends with its
/// scope.
class ScriptedServer {
 public:
  /// `answer` gets the head of a request ("GET /a HTTP/1.1\r\n...") and its number, from 0 on.
  using Answer = std::function<ScriptedReply(const std::string& request, int number)>;

  explicit ScriptedServer(Answer answer)
      : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        listen(listener_.get(), 8) != 0 ||
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
      throw std::runtime_error("no server on 127.0.0.1");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    over_ = true;
    thread_.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<std::string> requests() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

 private:
  static constexpr int kTick_ms = 20;

  /// Whether there is something to read, or a connection, before the server ends.
  [[nodiscard]] bool waits_for(int descriptor) const {
    while (!over_) {
      pollfd one{descriptor, POLLIN, 0};
      if (poll(&one, 1, kTick_ms) > 0) return true;
    }
    return false;
  }

  void serve() {
    while (waits_for(listener_.get())) {
      const Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) continue;
      std::string request;
      char part[4096];
      while (request.find("\r\n\r\n") == std::string::npos && waits_for(client.get())) {
        const ssize_t got = recv(client.get(), part, sizeof part, 0);
        if (got <= 0) break;
        request.append(part, static_cast<std::size_t>(got));
      }
      int number = 0;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        number = static_cast<int>(requests_.size());
        requests_.push_back(request);
      }
      const ScriptedReply reply = answer_(request, number);
      for (std::size_t sent = 0; sent < reply.bytes.size();) {
        const ssize_t more =
            send(client.get(), reply.bytes.data() + sent, reply.bytes.size() - sent, MSG_NOSIGNAL);
        if (more <= 0) break;
        sent += static_cast<std::size_t>(more);
      }
      if (reply.stalls) (void)waits_for(client.get());  // until the client hangs up
    }
  }

  Answer answer_;
  Descriptor listener_;
  int port_ = 0;
  std::atomic<bool> over_{false};
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

/// "HTTP/1.1 200 ...", with the length of `body` and, if any, further header lines.
inline std::string http_reply(int status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + headers + "Connection: close\r\n\r\n" + body;
}

}  // namespace tvr::testing

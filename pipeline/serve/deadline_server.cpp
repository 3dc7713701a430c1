#include "pipeline/serve/deadline_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "data/descriptor.h"

namespace tvr {
namespace {

using Clock = std::chrono::steady_clock;
using Setup = std::function<void(httplib::Request&)>;

constexpr std::chrono::seconds kRequestTime{5};

/// An accepted connection. It reports no addresses, since the server does not use them.
class Connection : public httplib::Stream {
 public:
  Connection(socket_t socket, std::chrono::milliseconds write_time)
      : socket_(socket), write_time_(write_time) {}
  ~Connection() override { ::shutdown(socket_.get(), SHUT_RDWR); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Waits for the first byte of a request, which starts its deadline.
  [[nodiscard]] bool begins_request(std::chrono::milliseconds patience) {
    if (next_ == end_ && !is_ready(POLLIN, patience)) return false;
    deadline_ = Clock::now() + kRequestTime;
    return true;
  }
  /// The request missed its deadline: the connection is closed after the response.
  [[nodiscard]] bool was_late() const noexcept { return late_; }

  [[nodiscard]] bool is_readable() const override { return next_ < end_ || is_ready(POLLIN, time_left()); }
  [[nodiscard]] bool is_writable() const override { return is_ready(POLLOUT, write_time_); }
  ssize_t read(char* to, std::size_t size) override {
    if (next_ == end_ && !fill()) return failed_;
    const std::size_t count = std::min(size, end_ - next_);
    std::copy_n(buffer_.data() + next_, count, to);
    next_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* from, std::size_t size) override {
    return is_writable() ? ::send(socket_.get(), from, size, MSG_NOSIGNAL) : -1;
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  [[nodiscard]] socket_t socket() const override { return socket_.get(); }

 private:
  [[nodiscard]] std::chrono::milliseconds time_left() const {
    return std::max(std::chrono::milliseconds(0),
                    std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()));
  }
  [[nodiscard]] bool is_ready(short event, std::chrono::milliseconds patience) const {
    pollfd wait{socket_.get(), event, 0};
    int ready = 0;
    do {
      ready = ::poll(&wait, 1, static_cast<int>(patience.count()));
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
  }
  /// false: no more data; failed_ is 0 when the client has closed the connection, -1 on error or timeout.
  bool fill() {
    late_ = late_ || Clock::now() >= deadline_ || !is_ready(POLLIN, time_left());
    failed_ = late_ ? -1 : ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
    next_ = 0;
    end_ = failed_ > 0 ? static_cast<std::size_t>(failed_) : 0;
    return end_ > 0;
  }

  Descriptor socket_;
  std::chrono::milliseconds write_time_;
  Clock::time_point deadline_;
  bool late_ = false;
  ssize_t failed_ = 0;
  std::array<char, 4096> buffer_;
  std::size_t next_ = 0, end_ = 0;  // range of received bytes not yet read
};

// The parameters of process_request differ between versions: newer ones take the addresses.
template <class Server>
bool answer(Server& server, bool (httplib::Server::*process)(httplib::Stream&, bool, bool&, const Setup&),
            Connection& connection, bool last, bool& closed) {
  return (server.*process)(connection, last, closed, nullptr);
}
template <class Server>
bool answer(Server& server,
            bool (httplib::Server::*process)(httplib::Stream&, const std::string&, int, const std::string&,
                                             int, bool, bool&, const Setup&),
            Connection& connection, bool last, bool& closed) {
  return (server.*process)(connection, {}, 0, {}, 0, last, closed, nullptr);
}

}  // namespace

bool DeadlineServer::process_and_close_socket(socket_t socket) {
  const auto ms = [](time_t seconds) { return std::chrono::milliseconds(1000 * seconds); };
  Connection connection(socket, ms(write_timeout_sec_));
  bool answered = false;
  for (std::size_t left = keep_alive_max_count_;
       left > 0 && svr_sock_ != INVALID_SOCKET && connection.begins_request(ms(keep_alive_timeout_sec_));
       --left) {
    bool closed = false;
    answered = answer(*this, &DeadlineServer::process_request, connection, left == 1, closed);
    if (!answered || closed || connection.was_late()) break;
  }
  return answered;
}

}  // namespace tvr

#include "pipeline/serve/http_server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/status.hpp>
#include <cerrno>
#include <chrono>
#include <list>
#include <optional>
#include <string_view>

#include "data/error.h"
#include "data/mutex.h"

namespace tvr {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using net::ip::tcp;

// Handlers wait for the search and for decoders, so that there are more threads than cores.
constexpr std::size_t kThreads = 256;
constexpr std::size_t kMostConnections =
    400;  // with a file for each below the usual limit of 1024 descriptors
constexpr int kBacklog = 4096;
constexpr int kMostBodies = 4;
constexpr std::chrono::seconds kRequestTime{5};
constexpr std::chrono::seconds kBodyTime{30};
constexpr std::chrono::seconds kWriteTime{10};  // for each piece
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::chrono::milliseconds kPause{50};

std::string head_of(const HttpResponse& response, bool keep_alive) {
  const auto reason = beast::http::obsolete_reason(static_cast<beast::http::status>(response.status));
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, std::string_view(reason.data(), reason.size()));
  for (const auto& [name, value] : response.fields) head += fmt::format("{}: {}\r\n", name, value);
  const auto size = response.file ? response.size : static_cast<std::int64_t>(response.text.size());
  if (response.status != 304) head += fmt::format("Content-Length: {}\r\n", size);
  if (!keep_alive) head += "Connection: close\r\n";
  return head + "\r\n";
}

/// What answers requests.
struct Answering {
  HttpServer::Handler handle;
  HttpServer::Admit admit;
  HttpServer::Refuse refuse;
};

/// How many bodies are in memory.
class BodyPlace {
 public:
  explicit BodyPlace(std::atomic<int>& taken) : taken_(taken), is_free_(++taken <= kMostBodies) {}
  ~BodyPlace() { --taken_; }
  BodyPlace(const BodyPlace&) = delete;
  BodyPlace& operator=(const BodyPlace&) = delete;
  [[nodiscard]] bool is_free() const noexcept { return is_free_; }

 private:
  std::atomic<int>& taken_;
  bool is_free_;
};

class Connection;

/// Open connections, in the order in which they last moved. Thread-safe.
class Connections {
 public:
  using Place = std::list<std::weak_ptr<Connection>>::iterator;

  Place add() {
    const MutexLock lock(mutex_);
    return list_.insert(list_.end(), std::weak_ptr<Connection>());
  }
  void set(Place place, std::weak_ptr<Connection> connection) {
    const MutexLock lock(mutex_);
    *place = std::move(connection);
  }
  void moved(Place place) {
    const MutexLock lock(mutex_);
    list_.splice(list_.end(), list_, place);
  }
  void remove(Place place) {
    const MutexLock lock(mutex_);
    list_.erase(place);
  }
  [[nodiscard]] std::size_t count() {
    const MutexLock lock(mutex_);
    return list_.size();
  }
  std::atomic<int> bodies{0};  // BodyPlace
  /// The one that has not moved for the longest time, which now counts as the newest. Null: it is just
  /// ending.
  [[nodiscard]] std::shared_ptr<Connection> take_stalest() {
    const MutexLock lock(mutex_);
    if (list_.empty()) return nullptr;
    list_.splice(list_.end(), list_, list_.begin());
    return list_.back().lock();
  }

 private:
  Mutex mutex_;
  std::list<std::weak_ptr<Connection>> list_ TVR_GUARDED_BY(mutex_);
};

/// A client: reads a request, answers it, and so on. All its methods run in its socket's strand, one at a
/// time.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const Answering& answering, Connections& all)
      : stream_(std::move(socket)), answering_(answering), all_(all), place_(all.add()) {}
  ~Connection() { all_.remove(place_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start() {
    all_.set(place_, weak_from_this());
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);  // the last piece of a file is small
    net::post(stream_.get_executor(), [self = shared_from_this()] { self->await_request(); });
  }
  void close() {
    net::post(stream_.get_executor(), [self = shared_from_this()] { self->stream_.close(); });
  }

 private:
  void await_request() {
    received_.clear();
    stream_.expires_after(kRequestTime);
    receive();
  }

  void receive() {
    stream_.async_read_some(net::buffer(buffer_),
                            [self = shared_from_this()](error_code problem, std::size_t count) {
                              if (problem) return;  // the client has gone, or was too slow
                              self->received_.append(self->buffer_.data(), count);
                              self->look();
                            });
  }

  void look() {
    if (request_) return take_body();
    auto read = read_request(received_);
    if (std::holds_alternative<HttpIncomplete>(read)) return receive();
    all_.moved(place_);
    if (const auto* const refusal = std::get_if<HttpRefusal>(&read)) return refuse(*refusal);
    request_ = std::move(std::get<HttpRequest>(read));
    if (!request_->is_post) return answer();
    if (const auto refusal = answering_.admit(*request_)) return refuse(*refusal);
    body_place_.emplace(all_.bodies);
    if (!body_place_->is_free()) return refuse({503, "too many pictures come at once: try again"});
    stream_.expires_after(kBodyTime);
    take_body();
  }

  void take_body() {
    const std::size_t whole = request_->head_bytes + request_->body_bytes;
    if (received_.size() < whole) return receive();
    request_->body = received_.substr(request_->head_bytes, request_->body_bytes);
    if (received_.size() > whole) request_->keep_alive = false;
    received_ = {};
    answer();
  }

  void answer() {
    stream_.expires_never();
    request_->is_gone = [this] { return is_gone(); };
    HttpResponse response = answering_.handle(*request_);
    const bool is_head = request_->is_head, keep_alive = request_->keep_alive && !has_more();
    request_.reset();
    body_place_.reset();
    send(std::move(response), keep_alive, is_head);
  }

  void refuse(const HttpRefusal& refusal) {
    stream_.expires_never();
    request_.reset();
    body_place_.reset();
    send(answering_.refuse(refusal), false, false);
  }

  /// Bytes have come that the client sent before it could have the answer.
  [[nodiscard]] bool has_more() {
    error_code ignored;
    return stream_.socket().available(ignored) > 0;
  }

  [[nodiscard]] bool is_gone() {
    char next = 0;
    const ssize_t got = ::recv(stream_.socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
  }

  void send(HttpResponse response, bool keep_alive, bool is_head) {
    response_ = std::move(response);
    keep_alive_ = keep_alive;
    out_ = head_of(response_, keep_alive);
    file_left_ = response_.file && !is_head ? response_.size : 0;
    if (!response_.file && !is_head) out_ += response_.text;
    unsent_ = out_;
    write();
  }

  void write() {
    if (unsent_.empty() && file_left_ > 0 && !load_piece())
      return;  // cut off: the client sees that bytes are missing
    if (unsent_.empty()) return finish();
    stream_.expires_after(kWriteTime);
    stream_.async_write_some(net::buffer(unsent_.data(), unsent_.size()),
                             [self = shared_from_this()](error_code problem, std::size_t count) {
                               if (problem) return;
                               self->all_.moved(self->place_);
                               self->unsent_.remove_prefix(count);
                               self->write();
                             });
  }

  /// False: the file has become shorter, or cannot be read.
  [[nodiscard]] bool load_piece() {
    out_.resize(static_cast<std::size_t>(std::min<std::int64_t>(file_left_, kPieceBytes)));
    const ssize_t got =
        response_.file->read(response_.begin + response_.size - file_left_, out_.data(), out_.size());
    if (got <= 0) return false;
    file_left_ -= got;
    unsent_ = std::string_view(out_).substr(0, static_cast<std::size_t>(got));
    return true;
  }

  void finish() {
    response_ = {};
    if (keep_alive_) return await_request();
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kLingerTime);
    drain();
  }

  /// Lets the client read the answer: a connection that is closed with bytes unread is reset, and the answer
  /// with it.
  void drain() {
    stream_.async_read_some(net::buffer(buffer_),
                            [self = shared_from_this()](error_code problem, std::size_t) {
                              if (!problem) self->drain();
                            });
  }

  static constexpr std::int64_t kPieceBytes = 1 << 16;

  beast::tcp_stream stream_;
  const Answering& answering_;
  Connections& all_;
  Connections::Place place_;
  std::array<char, 4096> buffer_;
  std::string received_;                 // since the last answer
  std::optional<HttpRequest> request_;   // whose head has come
  std::optional<BodyPlace> body_place_;  // of its body
  HttpResponse response_;
  bool keep_alive_ = false;
  std::string out_;
  std::string_view unsent_;     // of out_
  std::int64_t file_left_ = 0;  // bytes of the response's file that are not in out_ yet
};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const std::string& host, int port, Answering answering) : answering_(std::move(answering)) {
    listen(host, port);
  }
  ~Impl() {
    threads_.stop();
    threads_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] const tcp::endpoint& endpoint() const noexcept { return endpoint_; }

  void accept() {
    acceptor_.async_accept(net::make_strand(threads_), [this](error_code problem, tcp::socket socket) {
      if (!problem) std::make_shared<Connection>(std::move(socket), answering_, connections_)->start();
      if (problem || connections_.count() > kMostConnections) {
        if (const auto stalest = connections_.take_stalest()) stalest->close();
      }
      if (!problem) return accept();
      pause_.expires_after(kPause);  // no descriptor is free, most likely
      pause_.async_wait([this](error_code) { accept(); });
    });
  }

 private:
  void listen(const std::string& host, int port) {
    error_code problem;
    const auto found =
        tcp::resolver(threads_).resolve(host, std::to_string(port), tcp::resolver::passive, problem);
    for (const auto& candidate : found) {
      if (listen_on(candidate.endpoint())) return;
    }
    throw Error(
        Fault::Unreadable, fmt::format("{}:{}", host, port), "cannot listen on this address",
        "Another program uses the port, or the host is not this machine: try --port 0 (any free port)");
  }

  [[nodiscard]] bool listen_on(const tcp::endpoint& endpoint) {
    error_code problem;
    acceptor_ = tcp::acceptor(threads_);
    acceptor_.open(endpoint.protocol(), problem);
    if (!problem) acceptor_.set_option(tcp::acceptor::reuse_address(true), problem);
    if (!problem) acceptor_.bind(endpoint, problem);
    if (!problem) acceptor_.listen(kBacklog, problem);
    if (!problem) endpoint_ = acceptor_.local_endpoint(problem);
    return !problem;
  }

  // The threads end first, and with them the connections, which refer to the rest.
  Answering answering_;
  Connections connections_;
  tcp::endpoint endpoint_;
  net::thread_pool threads_{kThreads};
  tcp::acceptor acceptor_{threads_};
  net::steady_timer pause_{threads_};
};

HttpServer::HttpServer(const std::string& host, int port, Handler handler, Admit admit, Refuse refuse)
    : impl_(std::make_unique<Impl>(host, port,
                                   Answering{std::move(handler), std::move(admit), std::move(refuse)})) {}
HttpServer::~HttpServer() = default;
void HttpServer::start() { impl_->accept(); }

int HttpServer::port() const noexcept { return impl_->endpoint().port(); }
std::string HttpServer::address() const { return impl_->endpoint().address().to_string(); }
bool HttpServer::is_loopback() const noexcept { return impl_->endpoint().address().is_loopback(); }

}  // namespace tvr

#include "pipeline/serve/web_server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "data/error.h"
#include "data/json_text.h"
#include "data/text_file.h"
#include "pipeline/serve/deadline_server.h"
#include "pipeline/serve/web_api.h"
#include "pipeline/serve/web_files.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;

// Each open connection occupies a thread, mostly asleep, so there are many threads.
constexpr std::size_t kConnections = 256;
constexpr int kBacklog = 512;
constexpr std::size_t kMostSentenceBytes = 2000;
constexpr std::size_t kMostNameBytes = 1024;
constexpr std::size_t kMostResults = 500;

constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
// The report is one file with inline style and images.
constexpr const char* kReportPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

int http_status(Fault fault) {
  switch (fault) {
    case Fault::InvalidArgument:
      return 400;
    case Fault::NotFound:
      return 404;
    case Fault::Unsupported:
      return 415;
    case Fault::Busy:
      return 503;
    default:
      return 500;
  }
}

void send_json(Response& response, const json& value) {
  response.set_content(json_line(value), "application/json");
}

void send_error(Response& response, int status, const std::string& words) {
  response.status = status;
  send_json(response, {{"error", words}});
}

/// A query parameter: UTF-8 of at most `most_bytes`; empty when absent.
std::string text_parameter(const Request& request, const char* name, std::size_t most_bytes) {
  std::string value = request.get_param_value(name);
  if (value.size() > most_bytes) {
    throw Error(Fault::InvalidArgument, name, fmt::format("it has more than {} bytes", most_bytes));
  }
  if (find_invalid_utf8(value) != std::string_view::npos) {
    throw Error(Fault::InvalidArgument, name, "it is not UTF-8");
  }
  return value;
}

double number_parameter(const Request& request, const char* name, double fallback, double most) {
  if (!request.has_param(name)) return fallback;
  const std::string text = request.get_param_value(name);
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size() && value >= 0 && value <= most) return value;
  throw Error(Fault::InvalidArgument, name, fmt::format("it is not a number from 0 to {}", most));
}

std::string video_parameter(const Request& request) {
  std::string id = text_parameter(request, "video", kMostNameBytes);
  if (id.empty()) throw Error(Fault::InvalidArgument, "video", "no video is given");
  return id;
}

SearchQuery search_query(const Request& request) {
  constexpr double kYear = 366 * 86'400.0;
  SearchQuery query;
  query.sentence = text_parameter(request, "q", kMostSentenceBytes);
  query.top = static_cast<std::size_t>(number_parameter(request, "top", 10, kMostResults));
  query.video = text_parameter(request, "video", kMostNameBytes);
  query.min_length_s = number_parameter(request, "min_s", 0, kYear);
  query.max_length_s = number_parameter(request, "max_s", 0, kYear);
  return query;
}

/// Sends the file, or the single range that was requested; a request of several ranges gets the whole file,
/// as RFC 9110 allows. httplib 0.11 does not check ranges against the size, so they are corrected here before
/// it uses them.
void send_file(std::shared_ptr<const SendableFile> file, const std::string& mime, const Request& request,
               Response& response) {
  auto& ranges = const_cast<Request&>(request).ranges;  // the request itself is not const
  const std::int64_t size = file->size();
  if (ranges.size() != 1) {
    ranges.clear();
  } else {
    auto& [first, last] = ranges.front();  // -1: not given
    if (first < 0) {
      first = last > 0 ? std::max<std::int64_t>(0, size - last) : size;
      last = size - 1;
    }
    if (last < 0 || last >= size) last = size - 1;
    if (first > last) {
      ranges.clear();
      response.set_header("Content-Range", fmt::format("bytes */{}", size));
      return send_error(response, 416, "the range is beyond the end of the file");
    }
  }
  response.set_header("Accept-Ranges", "bytes");
  response.set_content_provider(
      static_cast<std::size_t>(size), mime,
      [file = std::move(file)](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        std::array<char, 1 << 16> buffer;
        const ssize_t got =
            file->read(static_cast<std::int64_t>(offset), buffer.data(), std::min(buffer.size(), length));
        return got > 0 && sink.write(buffer.data(), static_cast<std::size_t>(got));
      });
}

bool is_loopback_name(const std::string& host) {
  return host == "localhost" || host.rfind("127.", 0) == 0 || host == "[::1]" || host == "::1";
}

/// "localhost:8000" without its port.
std::string name_in(const std::string& host_header) {
  const std::size_t colon = host_header.rfind(':');
  const bool has_port = colon != std::string::npos && host_header.find(']', colon) == std::string::npos;
  return has_port ? host_header.substr(0, colon) : host_header;
}

const char* mime_of(const std::string& name) {
  const std::string extension = std::filesystem::path(name).extension();
  if (extension == ".html") return "text/html; charset=utf-8";
  if (extension == ".css") return "text/css; charset=utf-8";
  if (extension == ".js") return "text/javascript; charset=utf-8";
  return "image/svg+xml";
}

}  // namespace

class WebServer::Impl {
 public:
  Impl(SearchService& service, std::filesystem::path run, const std::string& host, int port)
      : api_(service, std::move(run)), loopback_only_(is_loopback_name(host)) {
    set_up();
    add_pages();
    add_api();
    add_media();
    listen(host, port);
  }

  ~Impl() {
    ending_ = true;
    server_.stop();
    listening_.join();
  }

  [[nodiscard]] int port() const noexcept { return port_; }

 private:
  void set_up() {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kConnections); };
    server_.set_keep_alive_max_count(1000);
    server_.set_keep_alive_timeout(2);
    server_.set_write_timeout(10);
    server_.set_payload_max_length(0);
    server_.set_socket_options([this](auto socket) {
      // Not SO_REUSEPORT, httplib's default: two servers must not share a port by accident.
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
      socket_ = static_cast<int>(socket);
    });
    server_.set_default_headers({{"Content-Security-Policy", kPagePolicy},
                                 {"X-Content-Type-Options", "nosniff"},
                                 {"Referrer-Policy", "no-referrer"},
                                 {"Cross-Origin-Resource-Policy", "same-origin"}});
    server_.set_pre_routing_handler([this](const Request& request, Response& response) {
      return refuse(request, response) ? httplib::Server::HandlerResponse::Handled
                                       : httplib::Server::HandlerResponse::Unhandled;
    });
    server_.set_error_handler([](const Request&, Response& response) {
      if (response.body.empty()) send_error(response, response.status, "not found");
    });
    server_.set_exception_handler(
        [](const Request&, Response& response, std::exception_ptr problem) { tell(response, problem); });
  }

  bool refuse(const Request& request, Response& response) const {
    if (request.method != "GET" && request.method != "HEAD") {
      response.set_header("Allow", "GET, HEAD");
      send_error(response, 405, "only GET and HEAD are supported");
      return true;
    }
    if (!loopback_only_ || is_loopback_name(name_in(request.get_header_value("Host")))) return false;
    send_error(response, 403,
               "this server only accepts requests to this machine's own names, such as localhost");
    return true;
  }

  static void tell(Response& response, const std::exception_ptr& problem) {
    try {
      std::rethrow_exception(problem);
    } catch (const Error& error) {
      send_error(response, http_status(error.fault()), error.seen());
    } catch (const std::exception& error) {
      warn(std::string("serve: ") + error.what());
      send_error(response, 500, "internal server error; see the server's terminal");
    }
  }

  void add_pages() {
    for (const WebFile& file : web_files()) {
      const std::string name = file.name == "index.html" ? "/" : "/" + file.name;
      const std::string pattern = name == "/" ? "/"
                                              : "/" + std::string(file.name.substr(0, file.name.find('.'))) +
                                                    "\\" + file.name.substr(file.name.find('.'));
      server_.Get(pattern, [&file](const Request&, Response& response) {
        response.set_content(file.content.data(), file.content.size(), mime_of(file.name));
      });
    }
    server_.Get("/report", [this](const Request&, Response& response) {
      const std::string report = api_.report();
      if (report.empty()) throw Error(Fault::NotFound, "report", "the run has no report");
      response.headers.erase("Content-Security-Policy");
      response.set_header("Content-Security-Policy", kReportPolicy);
      response.set_content(report, "text/html; charset=utf-8");
    });
  }

  void add_api() {
    server_.Get("/api/info",
                [this](const Request&, Response& response) { send_json(response, api_.info()); });
    server_.Get("/api/run", [this](const Request&, Response& response) { send_json(response, api_.run()); });
    server_.Get("/api/search", [this](const Request& request, Response& response) {
      send_json(response, api_.search(search_query(request)));
    });
    server_.Get("/api/store", [this](const Request& request, Response& response) {
      send_json(response, api_.store(text_parameter(request, "video", kMostNameBytes)));
    });
    server_.Get("/api/media", [this](const Request& request, Response& response) {
      const MediaFacts facts = api_.media_facts(video_parameter(request));
      send_json(response, {{"codec", facts.codec},
                           {"container", facts.container},
                           {"width", facts.width},
                           {"height", facts.height},
                           {"playable", facts.playable},
                           {"reason", facts.reason}});
    });
  }

  void add_media() {
    server_.Get("/media", [this](const Request& request, Response& response) {
      const std::string video = video_parameter(request);
      send_file(api_.open_media(video), api_.media_facts(video).mime, request, response);
    });
    server_.Get("/thumbnail", [this](const Request& request, Response& response) {
      constexpr double kYear = 366 * 86'400.0;
      const std::string jpeg =
          api_.thumbnail(video_parameter(request), number_parameter(request, "at", 0, kYear));
      if (jpeg.empty()) throw Error(Fault::NotFound, "thumbnail", "the video has no frame to show");
      response.set_header("Cache-Control", "private, max-age=600");
      response.set_content(jpeg, "image/jpeg");
    });
  }

  void listen(const std::string& host, int port) {
    port_ = port == 0 ? server_.bind_to_any_port(host) : server_.bind_to_port(host, port) ? port : -1;
    if (port_ < 0) {
      throw Error(
          Fault::Unreadable, fmt::format("{}:{}", host, port), "cannot listen on this address",
          "Another program uses the port, or the host is not this machine: try --port 0 (any free port)");
    }
    ::listen(socket_, kBacklog);  // httplib's own backlog is five, too few for many clients at once
    listening_ = std::thread([this] {
      if (!server_.listen_after_bind() && !ending_) warn("serve: the server has stopped listening");
    });
    while (!server_.is_running() && !ending_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  WebApi api_;
  bool loopback_only_;
  DeadlineServer server_;
  int socket_ = -1;
  int port_ = -1;
  std::atomic<bool> ending_{false};
  std::thread listening_;
};

WebServer::WebServer(SearchService& service, std::filesystem::path run, const std::string& host, int port)
    : impl_(std::make_unique<Impl>(service, std::move(run), host, port)) {}
WebServer::~WebServer() = default;
int WebServer::port() const noexcept { return impl_->port(); }

}  // namespace tvr

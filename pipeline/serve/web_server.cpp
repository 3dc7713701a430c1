#include "pipeline/serve/web_server.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "data/error.h"
#include "data/json_text.h"
#include "data/text_file.h"
#include "pipeline/serve/http_range.h"
#include "pipeline/serve/http_server.h"
#include "pipeline/serve/web_api.h"
#include "pipeline/serve/web_files.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

using nlohmann::json;

constexpr std::size_t kMostSentenceBytes = 2000;
constexpr std::size_t kMostNameBytes = 1024;
constexpr std::size_t kMostResults = 500;
constexpr double kYear = 366 * 86'400.0;

constexpr const char* kNotForUs =
    "this server only accepts requests to this machine's own names, such as localhost";
constexpr const char* kPolicyField = "Content-Security-Policy";
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; "
    "connect-src "
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

HttpResponse content(std::string text, const std::string& mime) {
  HttpResponse response;
  response.fields.emplace_back("Content-Type", mime);
  response.text = std::move(text);
  return response;
}

HttpResponse json_content(const json& value) { return content(json_line(value), "application/json"); }

HttpResponse error_content(int status, const std::string& words) {
  HttpResponse response = json_content({{"error", words}});
  response.status = status;
  if (status == 405) response.fields.emplace_back("Allow", "GET, HEAD");
  return response;
}

/// A query parameter: UTF-8 of at most `most_bytes`; empty when absent.
std::string text_parameter(const HttpRequest& request, const char* name, std::size_t most_bytes) {
  const std::string* const value = request.parameter(name);
  if (value == nullptr) return {};
  if (value->size() > most_bytes) {
    throw Error(Fault::InvalidArgument, name, fmt::format("it has more than {} bytes", most_bytes));
  }
  if (find_invalid_utf8(*value) != std::string_view::npos) {
    throw Error(Fault::InvalidArgument, name, "it is not UTF-8");
  }
  return *value;
}

double number_parameter(const HttpRequest& request, const char* name, double fallback, double most) {
  const std::string* const text = request.parameter(name);
  if (text == nullptr) return fallback;
  double value = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (problem == std::errc() && end == text->data() + text->size() && value >= 0 && value <= most)
    return value;
  throw Error(Fault::InvalidArgument, name, fmt::format("it is not a number from 0 to {}", most));
}

std::string video_parameter(const HttpRequest& request) {
  std::string id = text_parameter(request, "video", kMostNameBytes);
  if (id.empty()) throw Error(Fault::InvalidArgument, "video", "no video is given");
  return id;
}

double second_parameter(const HttpRequest& request) { return number_parameter(request, "at", 0, kYear); }

SearchQuery search_query(const HttpRequest& request) {
  SearchQuery query;
  query.sentence = text_parameter(request, "q", kMostSentenceBytes);
  query.top = static_cast<std::size_t>(number_parameter(request, "top", 10, kMostResults));
  query.video = text_parameter(request, "video", kMostNameBytes);
  query.min_length_s = number_parameter(request, "min_s", 0, kYear);
  query.max_length_s = number_parameter(request, "max_s", 0, kYear);
  return query;
}

/// As in HTTP: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::int64_t seconds) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

/// The file, or the part that was requested (RFC 9110, sections 13 and 14). A date validates a part only if
/// the file cannot have changed again within that second.
HttpResponse file_content(const WebApi::Media& media, const HttpRequest& request) {
  const SendableFile& file = *media.file;
  const std::int64_t now_s = std::time(nullptr);
  const std::string etag = '"' + file.version() + '"', modified = http_date(file.modified_s());
  HttpResponse response;
  response.fields = {{"Accept-Ranges", "bytes"}, {"ETag", etag}, {"Last-Modified", modified}};
  if (lists_etag(request.if_none_match, etag)) {
    response.status = 304;
    return response;
  }
  const bool is_same = request.if_range.empty() || request.if_range == etag ||
                       (request.if_range == modified && file.modified_s() < now_s - 1);
  const std::optional<ByteRange> range =
      is_same && !request.is_head ? requested_range(request.range, file.size()) : std::nullopt;
  if (range && range->size == 0) {
    response = error_content(416, "the range is beyond the end of the file");
    response.fields.emplace_back("Content-Range", fmt::format("bytes */{}", file.size()));
    return response;
  }
  response.fields.emplace_back("Content-Type", media.mime);
  response.file = media.file;
  response.size = file.size();
  if (range) {
    response.status = 206;
    response.begin = range->begin;
    response.size = range->size;
    response.fields.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", range->begin,
                                                              range->begin + range->size - 1, file.size()));
  }
  return response;
}

/// A file to keep, of any name (RFC 6266, RFC 8187).
std::string attachment(const std::string& name) {
  std::string field = "attachment; filename*=UTF-8''";
  for (const char c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '.' || c == '_';
    field += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return field;
}

/// The fields that every response has, its own first.
HttpResponse with_common_fields(HttpResponse response) {
  const auto has_policy = [&] {
    return std::any_of(response.fields.begin(), response.fields.end(),
                       [](const auto& field) { return field.first == kPolicyField; });
  };
  if (!has_policy()) response.fields.emplace_back(kPolicyField, kPagePolicy);
  response.fields.emplace_back("X-Content-Type-Options", "nosniff");
  response.fields.emplace_back("Referrer-Policy", "no-referrer");
  response.fields.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  response.fields.emplace_back("Date", http_date(std::time(nullptr)));
  return response;
}

/// "localhost:8000" without its port; empty if what follows the colon is none.
std::string_view name_in(std::string_view host) {
  const std::size_t end_of_address = host.substr(0, 1) == "[" ? host.find(']') : 0;
  if (end_of_address == std::string_view::npos) return {};
  const std::size_t colon = host.find(':', end_of_address);
  if (colon == std::string_view::npos) return host;
  const std::string_view port = host.substr(colon + 1);
  const bool is_port = port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
  return is_port ? host.substr(0, colon) : std::string_view{};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// An address as a URL writes it.
std::string bracketed(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
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
  Impl(SearchService& service, std::filesystem::path run, const std::string& host, int port, PageFacts facts)
      : api_(service, std::move(run), std::move(facts)),
        host_(bracketed(lower(host))),
        server_(
            host, port, [this](const HttpRequest& request) { return with_common_fields(answer(request)); },
            [this](const HttpRequest& request) { return refusal_of_post(request); },
            [](const HttpRefusal& refusal) {
              return with_common_fields(error_content(refusal.status, refusal.words));
            }) {
    server_.start();
  }

  ~Impl() { ending_ = true; }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] int port() const noexcept { return server_.port(); }

 private:
  using Answer = HttpResponse (Impl::*)(const HttpRequest&);

  HttpResponse answer(const HttpRequest& request) {
    static const std::map<std::string_view, Answer> answers = {
        {"/report", &Impl::report},   {"/api/info", &Impl::info},
        {"/api/run", &Impl::run},     {"/api/search", &Impl::search},
        {"/api/store", &Impl::store}, {"/api/media", &Impl::media_facts},
        {"/api/steps", &Impl::steps}, {"/thumbnail", &Impl::thumbnail},
        {"/media", &Impl::media},     {"/cut", &Impl::cut}};
    if (!is_for_us(request.host)) return error_content(403, kNotForUs);
    try {
      if (const auto found = answers.find(request.path); found != answers.end())
        return (this->*found->second)(request);
      return page_file(request.path);
    } catch (const Error& error) {
      return error_content(http_status(error.fault()), error.seen());
    } catch (const std::exception& error) {
      warn(std::string("serve: ") + error.what());
      return error_content(500, "internal server error; see the server's terminal");
    }
  }

  /// A POST is a picture to search by, from our page or a program: a browser names the page that sends it.
  [[nodiscard]] std::optional<HttpRefusal> refusal_of_post(const HttpRequest& request) const {
    if (!is_for_us(request.host)) return HttpRefusal{403, kNotForUs};
    if (request.path != "/api/search") return HttpRefusal{405, "only /api/search takes a POST, a picture"};
    if (!request.origin.empty() && request.origin != "http://" + request.host &&
        request.origin != "https://" + request.host)
      return HttpRefusal{403, "pages elsewhere may not send pictures"};
    if (request.content_type.rfind("image/", 0) != 0)
      return HttpRefusal{415, "the Content-Type of a picture begins with image/"};
    return std::nullopt;
  }

  /// A page elsewhere whose name is made to point to this machine (DNS rebinding) sends that name. The port
  /// is not compared: it may be forwarded.
  [[nodiscard]] bool is_for_us(const std::string& host) const {
    if (!server_.is_loopback()) return true;
    const std::string_view name = name_in(host);
    return name == "localhost" || name == "127.0.0.1" || name == "[::1]" || name == host_ ||
           name == bracketed(server_.address());
  }

  static HttpResponse page_file(const std::string& path) {
    for (const WebFile& file : web_files()) {
      if (path == (file.name == "index.html" ? "/" : "/" + file.name))
        return content(std::string(file.content), mime_of(file.name));
    }
    return error_content(404, "not found");
  }

  HttpResponse report(const HttpRequest&) {
    const std::string report = api_.report();
    if (report.empty()) throw Error(Fault::NotFound, "report", "the run has no report");
    HttpResponse response = content(report, "text/html; charset=utf-8");
    response.fields.emplace_back(kPolicyField, kReportPolicy);
    return response;
  }

  HttpResponse info(const HttpRequest&) { return json_content(api_.info()); }
  HttpResponse run(const HttpRequest&) { return json_content(api_.run()); }
  HttpResponse search(const HttpRequest& request) {
    const std::string like = text_parameter(request, "like", kMostNameBytes);
    if (request.is_post) {
      if (!like.empty()) throw Error(Fault::InvalidArgument, "like", "there is a picture already");
      return json_content(api_.search(search_query(request), WebApi::PictureBytes{request.body}));
    }
    return json_content(api_.search(search_query(request), like, second_parameter(request)));
  }
  HttpResponse store(const HttpRequest& request) {
    constexpr double kMostRows = 1e12;
    const auto from = static_cast<std::int64_t>(number_parameter(request, "from", 0, kMostRows));
    return json_content(api_.store(text_parameter(request, "video", kMostNameBytes), from));
  }
  HttpResponse steps(const HttpRequest& request) {
    return json_content(api_.steps(text_parameter(request, "video", kMostNameBytes)));
  }
  HttpResponse media_facts(const HttpRequest& request) {
    return json_content(api_.media(video_parameter(request), second_parameter(request)));
  }
  HttpResponse media(const HttpRequest& request) {
    const auto stop = [&] { return ending_ || request.is_gone(); };
    return file_content(api_.open_media(video_parameter(request), stop), request);
  }
  HttpResponse cut(const HttpRequest& request) {
    const auto stop = [&] { return ending_ || request.is_gone(); };
    const WebApi::Clip clip = api_.cut(video_parameter(request), number_parameter(request, "start", 0, kYear),
                                       number_parameter(request, "end", 0, kYear), stop);
    HttpResponse response = file_content({clip.file, "video/mp4"}, request);
    response.fields.emplace_back("Content-Disposition", attachment(clip.name));
    return response;
  }
  HttpResponse thumbnail(const HttpRequest& request) {
    std::string jpeg = api_.thumbnail(video_parameter(request), second_parameter(request));
    if (jpeg.empty()) throw Error(Fault::NotFound, "thumbnail", "the video has no frame to show");
    HttpResponse response = content(std::move(jpeg), "image/jpeg");
    response.fields.emplace_back("Cache-Control", "private, max-age=600");
    return response;
  }

  WebApi api_;
  std::string host_;  // as given, in lower case
  std::atomic<bool> ending_{false};
  HttpServer server_;  // last: its threads use the rest
};

WebServer::WebServer(SearchService& service, std::filesystem::path run, const std::string& host, int port,
                     PageFacts facts)
    : impl_(std::make_unique<Impl>(service, std::move(run), host, port, std::move(facts))) {}
WebServer::~WebServer() = default;
int WebServer::port() const noexcept { return impl_->port(); }

}  // namespace tvr

#include "pipeline/downloads/transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <exception>
#include <memory>

#include "data/error.h"

namespace tvr {
namespace {

struct CurlFree {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::int64_t number(std::string_view text) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? value : -1;
}

bool is_named(std::string_view name, std::string_view wanted) {
  return std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

/// A response as it comes in.
class Response {
 public:
  explicit Response(const TransferSink& sink) : sink_(sink) {}

  void header(std::string_view line) {
    if (line.substr(0, 5) == "HTTP/") {  // a new response: after a redirection, or 100 Continue
      head_ = {};
      length_ = -1;
      const std::size_t blank = line.find(' ');
      if (blank != std::string_view::npos) {
        head_.status =
            static_cast<int>(std::max<std::int64_t>(0, number(trimmed(line.substr(blank + 1, 3)))));
      }
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (is_named(name, "content-length")) length_ = number(value);
    if (is_named(name, "etag") && value.substr(0, 1) == "\"") head_.etag = value;
    if (is_named(name, "content-type")) head_.content_type = value;
    if (is_named(name, "content-range")) range(value);
  }

  void body(std::string_view bytes) {
    begin();
    if (head_.status == 200 || head_.status == 206) sink_.data(bytes);
  }

  /// At the first byte, or the end where there is none.
  void begin() {
    if (begun_) return;
    begun_ = true;
    if (head_.status == 200) head_.total = length_;
    sink_.begin(head_);
  }

  [[nodiscard]] int status() const noexcept { return head_.status; }

 private:
  /// "bytes 100-199/1000", "bytes 100-199/*", "bytes */1000"
  void range(std::string_view value) {
    if (value.substr(0, 6) != "bytes ") return;
    value.remove_prefix(6);
    const std::size_t slash = value.find('/');
    if (slash == std::string_view::npos) return;
    head_.total = number(value.substr(slash + 1));
    head_.from = number(value.substr(0, value.find('-')));
  }

  const TransferSink& sink_;
  ResponseHead head_;
  std::int64_t length_ = -1;
  bool begun_ = false;
};

/// What the callbacks of libcurl, which is C, see.
struct State {
  Response response;
  const TransferSink& sink;
  std::exception_ptr failure = nullptr;
  bool stopped = false;

  /// Runs `work`; false if it throws, which transfer() passes on.
  template <class Work>
  bool guarded(const Work& work) noexcept {
    try {
      work();
      return true;
    } catch (...) {
      failure = std::current_exception();
      return false;
    }
  }
};

std::size_t on_header(char* line, std::size_t, std::size_t length, void* state) {
  auto& self = *static_cast<State*>(state);
  return self.guarded([&] { self.response.header({line, length}); }) ? length : 0;
}

std::size_t on_body(char* bytes, std::size_t, std::size_t length, void* state) {
  auto& self = *static_cast<State*>(state);
  return self.guarded([&] { self.response.body({bytes, length}); }) ? length : 0;
}

int on_progress(void* state, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& self = *static_cast<State*>(state);
  (void)self.guarded([&] { self.stopped = !self.sink.go_on(); });
  return self.stopped || self.failure != nullptr ? 1 : 0;
}

TransferEnd end_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return TransferEnd::Complete;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return TransferEnd::Unreachable;
    case CURLE_TOO_MANY_REDIRECTS:
      return TransferEnd::Refused;
    default:
      return TransferEnd::CutShort;
  }
}

template <class Value>
void set(CURL* curl, CURLoption option, Value value) {
  if (curl_easy_setopt(curl, option, value) == CURLE_OK) return;
  throw Error(Fault::Machine, "libcurl", "option " + std::to_string(option) + " cannot be set");
}

}  // namespace

TransferResult transfer(const TransferRequest& request, const TransferSink& sink) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, CurlFree> curl(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (curl == nullptr) throw Error(Fault::Machine, "libcurl", "cannot be started");
  State state{Response(sink), sink};
  char words[CURL_ERROR_SIZE] = "";
  const bool secure = request.url.rfind("https:", 0) == 0;
  set(curl.get(), CURLOPT_URL, request.url.c_str());
  set(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  set(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  set(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  set(curl.get(), CURLOPT_MAXREDIRS, 10L);
  set(curl.get(), CURLOPT_NOSIGNAL, 1L);
  set(curl.get(), CURLOPT_USERAGENT, "pipeline (text-video retrieval)");
  set(curl.get(), CURLOPT_ERRORBUFFER, static_cast<char*>(words));
  set(curl.get(), CURLOPT_CONNECTTIMEOUT_MS, std::lround(request.connect_s * 1000));
  set(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(curl.get(), CURLOPT_LOW_SPEED_TIME, std::max(1L, std::lround(request.stall_s)));
  set(curl.get(), CURLOPT_HEADERFUNCTION, on_header);
  set(curl.get(), CURLOPT_HEADERDATA, static_cast<void*>(&state));
  set(curl.get(), CURLOPT_WRITEFUNCTION, on_body);
  set(curl.get(), CURLOPT_WRITEDATA, static_cast<void*>(&state));
  set(curl.get(), CURLOPT_NOPROGRESS, 0L);
  set(curl.get(), CURLOPT_XFERINFOFUNCTION, on_progress);
  set(curl.get(), CURLOPT_XFERINFODATA, static_cast<void*>(&state));
  std::unique_ptr<curl_slist, CurlFree> headers;
  const std::string range = std::to_string(request.from) + "-";
  if (request.from > 0) {
    set(curl.get(), CURLOPT_RANGE, range.c_str());
    if (!request.validator.empty()) {
      headers.reset(curl_slist_append(nullptr, ("If-Range: " + request.validator).c_str()));
      set(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    }
  }
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) (void)state.guarded([&] { state.response.begin(); });
  if (state.failure != nullptr) std::rethrow_exception(state.failure);
  const int status = state.response.status();
  if (state.stopped) return {TransferEnd::Stopped, status, "stopped on request"};
  if (code != CURLE_OK) return {end_of(code), status, *words != '\0' ? words : curl_easy_strerror(code)};
  if (status == 200 || status == 206 || status == 416) return {TransferEnd::Complete, status, ""};
  return {TransferEnd::Refused, status, "the server answers with status " + std::to_string(status)};
}

}  // namespace tvr

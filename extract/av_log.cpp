#include "extract/av_log.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>

extern "C" {
#include <libavutil/log.h>
}

namespace tvr {
namespace {

constexpr int kMaxLines = 4;
constexpr std::size_t kMaxLineBytes = 300;

thread_local AvLog* listener = nullptr;

void hear(void* source, int level, const char* format, va_list arguments) {
  if (listener == nullptr || (level & 0xff) > AV_LOG_ERROR) return;
  std::array<char, kMaxLineBytes> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  const AVClass* const kind = source == nullptr ? nullptr : *static_cast<AVClass**>(source);
  listener->add(kind == nullptr ? "" : kind->item_name(source), line.data());
}

std::string printable(const std::string& text) {
  std::string clean;
  for (const char c : text) clean += c >= ' ' && c < 0x7f ? c : ' ';
  while (!clean.empty() && clean.back() == ' ') clean.pop_back();
  return clean;
}

}  // namespace

AvLog::Listening::Listening(AvLog& log) : before_(listener) {
  static std::once_flag installed;
  std::call_once(installed, [] { av_log_set_callback(hear); });
  listener = &log;
}

AvLog::Listening::~Listening() { listener = before_; }

void AvLog::add(const std::string& source, const std::string& text) {
  const std::string clean = printable(text);
  if (clean.empty() || lines_ == kMaxLines) return;
  const std::string line = source.empty() ? clean : printable(source) + ": " + clean;
  if (text_.find(line) != std::string::npos) return;
  text_ += (text_.empty() ? "" : "; ") + line;
  ++lines_;
}

}  // namespace tvr

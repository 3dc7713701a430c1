#include "extract/media/av_log.h"

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

std::string name_of(const AVClass* kind, void* source) {
  const char* const name = kind == nullptr ? nullptr : kind->item_name(source);
  return name == nullptr || std::string(name) == "NULL" ? "" : name;
}

bool is_demuxer(const AVClass* kind, void* source) {
  if (kind == nullptr) return false;
  const AVClassCategory category =
      kind->get_category != nullptr ? kind->get_category(source) : kind->category;
  return category == AV_CLASS_CATEGORY_DEMUXER;
}

void hear(void* source, int level, const char* format, va_list arguments) {
  if (listener == nullptr || (level & 0xff) > AV_LOG_ERROR) return;
  std::array<char, kMaxLineBytes> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  const AVClass* const kind = source == nullptr ? nullptr : *static_cast<AVClass**>(source);
  listener->add(name_of(kind, source), line.data(), is_demuxer(kind, source));
}

std::string printable(const std::string& text) {
  std::string clean;
  for (const char c : text) clean += c >= ' ' && c < 0x7f ? c : ' ';
  while (!clean.empty() && clean.back() == ' ') clean.pop_back();
  return clean;
}

}  // namespace

void silence_libav() {
  static std::once_flag installed;
  std::call_once(installed, [] { av_log_set_callback(hear); });
}

AvLog::Listening::Listening(AvLog& log) : before_(listener) {
  silence_libav();
  listener = &log;
}

AvLog::Listening::~Listening() { listener = before_; }

void AvLog::add(const std::string& source, const std::string& text, bool from_demuxer) {
  demuxer_complained_ |= from_demuxer;
  const std::string clean = printable(text);
  if (clean.empty() || lines_ == kMaxLines) return;
  const std::string line = source.empty() ? clean : printable(source) + ": " + clean;
  if (text_.find(line) != std::string::npos) return;
  text_ += (text_.empty() ? "" : "; ") + line;
  ++lines_;
}

void AvLog::clear() { *this = AvLog(); }

}  // namespace tvr

#include "data/narrations/narration_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "data/error.h"

namespace tvr {
namespace {

constexpr std::uint32_t kMostIdBytes = 16384;  // as validate_video_id()
constexpr std::size_t kBytesPerLine = 2 * sizeof(double) + sizeof(std::uint32_t);

/// The next number of `bytes`, which has it.
template <class T>
T take_number(std::string_view& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

void append_column(std::string& out, const std::vector<double>& column) {
  out.append(reinterpret_cast<const char*>(column.data()), column.size() * sizeof(double));
}

std::string_view take(std::string_view& bytes, std::size_t count) {
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return taken;
}

void take_column(std::string_view& bytes, std::size_t lines, std::vector<double>& column) {
  column.resize(lines);
  const std::string_view taken = take(bytes, lines * sizeof(double));
  std::copy(taken.begin(), taken.end(),
            reinterpret_cast<char*>(column.data()));  // of none, where memcpy may not
}

Error damaged(const std::string& where, const char* what) {
  return {Fault::Corrupt, where, what, "Restore the file from a copy, or import the narrations again"};
}

}  // namespace

RecordHead RecordHead::of(std::string_view bytes, const std::string& where) {
  if (bytes.size() < kBytes) throw damaged(where, "is cut");
  RecordHead head;
  head.hash = take(bytes, kDigestBytes);
  head.id_bytes = take_number<std::uint32_t>(bytes);
  head.lines = take_number<std::uint32_t>(bytes);
  head.text_bytes = take_number<std::uint64_t>(bytes);
  if (head.id_bytes > kMostIdBytes || head.lines > kMostLines || head.text_bytes > kMostNarrationBytes)
    throw damaged(where, "has impossible sizes");
  return head;
}

std::size_t RecordHead::body_bytes() const noexcept { return id_bytes + lines * kBytesPerLine + text_bytes; }

Digest append_record(std::string& out, const std::string& id, const Narration& narration) {
  std::size_t text_bytes = 0;
  for (const std::string& text : narration.text) text_bytes += text.size();
  if (narration.size() > kMostLines || text_bytes > kMostNarrationBytes) {
    throw Error(Fault::Limit, id,
                fmt::format("{} lines with {} bytes of text; a video may have {} and {}", narration.size(),
                            text_bytes, kMostLines, kMostNarrationBytes));
  }
  const std::size_t start = out.size();
  out.append(kDigestBytes, '\0');
  append_number(out, static_cast<std::uint32_t>(id.size()));
  append_number(out, static_cast<std::uint32_t>(narration.size()));
  append_number(out, std::uint64_t{text_bytes});
  out += id;
  append_column(out, narration.start);
  append_column(out, narration.end);
  for (const std::string& text : narration.text) append_number(out, static_cast<std::uint32_t>(text.size()));
  for (const std::string& text : narration.text) out += text;
  Digest hash = sha256(std::string_view(out).substr(start + kDigestBytes));
  out.replace(start, kDigestBytes, hash);
  return hash;
}

NarrationRecord take_record(std::string_view& bytes, const std::string& where) {
  const RecordHead head = RecordHead::of(bytes, where);
  if (bytes.size() - RecordHead::kBytes < head.body_bytes()) throw damaged(where, "is cut");
  std::string_view content = take(bytes, RecordHead::kBytes + head.body_bytes());
  content.remove_prefix(kDigestBytes);
  if (sha256(content) != head.hash) throw damaged(where, "does not match its hash");
  content.remove_prefix(RecordHead::kBytes - kDigestBytes);

  NarrationRecord record;
  record.hash = head.hash;
  record.id = take(content, head.id_bytes);
  take_column(content, head.lines, record.narration.start);
  take_column(content, head.lines, record.narration.end);
  std::string_view lengths = take(content, head.lines * sizeof(std::uint32_t));
  record.narration.text.reserve(head.lines);
  while (!lengths.empty()) {
    const auto length = take_number<std::uint32_t>(lengths);
    if (length > content.size()) throw damaged(where, "has texts that are longer than they are together");
    record.narration.text.emplace_back(take(content, length));
  }
  if (!content.empty()) throw damaged(where, "has text that belongs to no line");
  return record;
}

}  // namespace tvr

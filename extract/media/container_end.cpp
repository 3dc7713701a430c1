#include "extract/media/container_end.h"

#include <optional>

namespace tvr {
namespace {

constexpr std::string_view kEbml = "\x1a\x45\xdf\xa3";
constexpr std::string_view kSegment = "\x18\x53\x80\x67";
constexpr std::string_view kOggPage{"OggS\0", 5};  // with the version
constexpr std::size_t kTransportPacket = 188;

std::uint64_t byte(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<unsigned char>(bytes[at]);
}

bool riff_ends_early(std::string_view head, std::int64_t file_bytes) noexcept {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= byte(head, 4 + i) << (8 * i);
  return static_cast<std::int64_t>(size) + 8 > file_bytes;  // 0 if the writer never filled it in
}

/// A Matroska element's size and the offset of its content; size with all bits set: unknown.
struct Element {
  std::uint64_t size = 0;
  std::size_t content = 0;
};

std::optional<Element> element(std::string_view head, std::size_t at, std::string_view id) noexcept {
  if (head.substr(at, id.size()) != id || at + id.size() >= head.size()) return std::nullopt;
  at += id.size();
  std::size_t length = 1;
  for (std::uint64_t marker = 0x80; length <= 8 && (byte(head, at) & marker) == 0; marker >>= 1) ++length;
  if (length > 8 || at + length > head.size()) return std::nullopt;
  const std::uint64_t unknown = (std::uint64_t{1} << (7 * length)) - 1;
  std::uint64_t size = byte(head, at) & (0xffU >> length);
  for (std::size_t i = 1; i < length; ++i) size = size << 8 | byte(head, at + i);
  if (size == unknown) return std::nullopt;
  return Element{size, at + length};
}

bool matroska_ends_early(std::string_view head, std::int64_t file_bytes) noexcept {
  const std::optional<Element> header = element(head, 0, kEbml);
  if (!header || header->size > head.size() - header->content) return false;
  const std::optional<Element> segment = element(head, header->content + header->size, kSegment);
  return segment && segment->size + segment->content > static_cast<std::uint64_t>(file_bytes);
}

/// The length of the whole page at the beginning of `bytes`; 0: there is none.
std::size_t ogg_page_bytes(std::string_view bytes) noexcept {
  constexpr std::size_t kSegments = 26;  // where their number lies, before their lengths
  if (bytes.substr(0, kOggPage.size()) != kOggPage || bytes.size() <= kSegments) return 0;
  const std::size_t body = kSegments + 1 + byte(bytes, kSegments);
  if (bytes.size() < body) return 0;
  std::size_t size = body;
  for (std::size_t i = kSegments + 1; i < body; ++i) size += byte(bytes, i);
  return size <= bytes.size() ? size : 0;
}

}  // namespace

bool ogg_ends_early(std::string_view tail) noexcept {
  // "OggS" may also lie within a page: a page is one that another follows at once.
  for (std::size_t first = tail.find(kOggPage); first != tail.npos; first = tail.find(kOggPage, first + 1)) {
    std::size_t at = first;
    while (const std::size_t bytes = ogg_page_bytes(tail.substr(at))) at += bytes;
    if (at == first) continue;
    const std::string_view rest = tail.substr(at, kOggPage.size());
    return !rest.empty() && rest == kOggPage.substr(0, rest.size());
  }
  return false;
}

bool ends_early(std::string_view head, std::int64_t file_bytes) noexcept {
  if (head.substr(0, 4) == "RIFF" && head.size() >= 8) return riff_ends_early(head, file_bytes);
  if (head.substr(0, 4) == kEbml) return matroska_ends_early(head, file_bytes);
  const bool transport = head.size() > kTransportPacket && head[0] == 'G' && head[kTransportPacket] == 'G';
  return transport && file_bytes % static_cast<std::int64_t>(kTransportPacket) != 0;
}

}  // namespace tvr

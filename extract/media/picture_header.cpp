#include "extract/media/picture_header.h"

#include <cstdint>

#include "data/error.h"

namespace tvr {
namespace {

using namespace std::string_view_literals;

constexpr const char* kAdvice = "Pictures can be JPEG, PNG or WebP";

/// Bytes that are read from the front, with the file's name for errors.
class Reader {
 public:
  Reader(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  [[nodiscard]] std::string_view take(std::size_t count) {
    if (count > bytes_.size()) corrupt("the file ends too early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  [[nodiscard]] std::uint32_t big(std::size_t count) {
    std::uint32_t value = 0;
    for (const char byte : take(count)) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }
  [[nodiscard]] std::uint32_t little(std::size_t count) {
    std::uint32_t value = 0, shift = 0;
    for (const char byte : take(count)) {
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << shift;
      shift += 8;
    }
    return value;
  }
  [[nodiscard]] std::string_view rest() const noexcept { return bytes_; }
  [[noreturn]] void corrupt(const char* seen) const { throw Error(Fault::Corrupt, name_, seen); }
  [[noreturn]] void unsupported(const char* seen) const {
    throw Error(Fault::Unsupported, name_, seen, kAdvice);
  }
  /// Sides of 1 to 2^16 - 1 pixels (JPEG's and nearly WebP's largest).
  [[nodiscard]] PictureSize size(std::uint32_t width, std::uint32_t height) const {
    constexpr std::uint32_t kLargest = 65535;
    if (width == 0 || height == 0) corrupt("a side of no pixels");
    if (width > kLargest || height > kLargest) {
      throw Error(Fault::Limit, name_, "limit of pixels: a side of more than 65535",
                  "Scale the picture down");
    }
    return {static_cast<int>(height), static_cast<int>(width)};
  }

 private:
  std::string_view bytes_;
  const std::string& name_;
};

PictureHeader png_header(Reader file, const std::string& name) {
  PictureHeader header;
  header.essential = file.take(8);
  for (bool first = true;; first = false) {
    const std::string_view whole = file.rest();
    const std::uint32_t length = file.big(4);
    const std::string_view type = file.take(4);
    const std::string_view data = file.take(length);
    static_cast<void>(file.take(4));  // the check sum, which the decoder looks at
    if (first) {
      if (type != "IHDR"sv || length != 13) file.corrupt("does not begin with an IHDR");
      Reader sides(data, name);
      const std::uint32_t width = sides.big(4);
      header.size = file.size(width, sides.big(4));
    }
    if (type == "acTL"sv) file.unsupported("an animated PNG");
    const bool is_critical = (static_cast<unsigned char>(type[0]) & 0x20U) == 0;
    if (is_critical) header.essential += whole.substr(0, 12 + std::size_t{length});
    if (type == "IEND"sv) return header;
  }
}

bool is_frame(std::uint32_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

PictureHeader jpeg_header(Reader file) {
  PictureHeader header;
  static_cast<void>(file.take(2));
  for (;;) {
    if (file.big(1) != 0xff) file.corrupt("no marker where one is expected");
    std::uint32_t marker = 0xff;
    while (marker == 0xff) marker = file.big(1);
    if (marker == 0xd9) break;
    const std::uint32_t length = file.big(2);
    if (length < 2) file.corrupt("a segment of no length");
    const std::string_view segment = file.take(length - 2);
    if (is_frame(marker)) {
      if (marker > 0xc2) file.unsupported("a JPEG neither baseline nor progressive");
      if (segment.size() < 6) file.corrupt("a frame without a size");
      if (header.size.width > 0) file.corrupt("two frames");
      const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(segment[i]));
      };
      if (byte(0) != 8) file.unsupported("a JPEG of more than 8 bits");
      header.size = file.size(byte(3) << 8U | byte(4), byte(1) << 8U | byte(2));
    }
    if (marker != 0xda) continue;
    ++header.scans;
    // Coded data: 0xff stands before 0 and before the markers of a restart, which belong to it.
    for (;;) {
      const std::size_t next = file.rest().find('\xff');
      if (next == std::string_view::npos || next + 1 >= file.rest().size())
        file.corrupt("the file ends too early");
      const auto code = static_cast<unsigned char>(file.rest()[next + 1]);
      static_cast<void>(file.take(next));
      if (code != 0 && (code < 0xd0 || code > 0xd7)) break;
      static_cast<void>(file.take(2));
    }
  }
  if (header.size.width == 0 || header.scans == 0) file.corrupt("no picture before its end");
  return header;
}

PictureHeader webp_header(Reader file) {
  static_cast<void>(file.take(4));
  const std::uint32_t length = file.little(4);
  if (length > file.rest().size()) file.corrupt("the file ends too early");
  static_cast<void>(file.take(4));
  const std::string_view type = file.take(4);
  static_cast<void>(file.take(4));
  PictureHeader header;
  if (type == "VP8 "sv) {
    static_cast<void>(file.take(6));  // frame tag, start code
    const std::uint32_t width = file.little(2) & 0x3fffU;
    header.size = file.size(width, file.little(2) & 0x3fffU);
  } else if (type == "VP8L"sv) {
    if (file.big(1) != 0x2f) file.corrupt("no signature of VP8L");
    const std::uint32_t bits = file.little(4);
    header.size = file.size((bits & 0x3fffU) + 1, (bits >> 14U & 0x3fffU) + 1);
  } else if (type == "VP8X"sv) {
    if ((file.little(4) & 0x02U) != 0) file.unsupported("an animated WebP");
    const std::uint32_t width = file.little(3) + 1;
    header.size = file.size(width, file.little(3) + 1);
  } else {
    file.corrupt("a WebP without a picture");
  }
  return header;
}

}  // namespace

PictureHeader picture_header(std::string_view bytes, const std::string& name) {
  const Reader file(bytes, name);
  if (bytes.substr(0, 8) == "\x89PNG\r\n\x1a\n"sv) return png_header(file, name);
  if (bytes.substr(0, 3) == "\xff\xd8\xff"sv) return jpeg_header(file);
  if (bytes.size() >= 12 && bytes.substr(0, 4) == "RIFF"sv && bytes.substr(8, 4) == "WEBP"sv)
    return webp_header(file);
  file.unsupported("not a picture that can be read");
}

}  // namespace tvr

#include "extract/media/encryption.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace tvr {
namespace {

constexpr int kMostBoxes = 100'000;  // of a file: a crafted one may consist of nothing else

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::uint64_t little_endian(std::string_view bytes) {
  return big_endian(std::string(bytes.rbegin(), bytes.rend()));
}

/// A part of a file: [begin, end).
struct Range {
  std::int64_t begin = 0;
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
};

/// The boxes of an MP4 file.
class Boxes {
 public:
  explicit Boxes(const ReadAt& read) : read_(read) {}

  /// Calls visit(type, content) on each box in `range`, until it returns true; returns whether it did.
  template <class Visit>
  bool any(Range range, const Visit& visit) {
    while (range.begin < range.end && ++boxes_ <= kMostBoxes) {
      const std::string head = read_(range.begin, 16);
      if (head.size() < 8) return false;
      std::uint64_t bytes = big_endian(head.substr(0, 4));
      std::int64_t header = 8;
      if (bytes == 1) {
        bytes = big_endian(head.substr(8));
        header = 16;
      }
      const auto left = static_cast<std::uint64_t>(range.end - range.begin);
      if (bytes == 0) bytes = left;  // to the end
      if (bytes < static_cast<std::uint64_t>(header)) return false;
      const Range content{range.begin + header,
                          range.begin + static_cast<std::int64_t>(std::min(bytes, left))};
      if (visit(std::string_view(head).substr(4, 4), content)) return true;
      range.begin = content.end;
    }
    return false;
  }

  /// The same for the boxes at the end of a path: {"moov", "trak"}.
  template <class Visit>
  bool any_at(std::initializer_list<std::string_view> path, Range range, const Visit& visit) {
    return any_at(path.begin(), path.end(), range, visit);
  }

  [[nodiscard]] std::string read(const Range& content, std::int64_t offset, std::size_t count) const {
    if (offset + static_cast<std::int64_t>(count) > content.end - content.begin) return {};
    return read_(content.begin + offset, count);
  }

 private:
  template <class Visit>
  bool any_at(const std::string_view* name, const std::string_view* end, Range range, const Visit& visit) {
    return any(range, [&](std::string_view type, const Range& content) {
      if (type != *name) return false;
      return name + 1 == end ? visit(content) : any_at(name + 1, end, content, visit);
    });
  }

  const ReadAt& read_;
  int boxes_ = 0;
};

bool is_track(Boxes& boxes, const Range& trak, int track) {
  return boxes.any_at({"tkhd"}, trak, [&](const Range& tkhd) {
    const bool long_times = boxes.read(tkhd, 0, 1) == std::string(1, '\x01');  // version 1
    return big_endian(boxes.read(tkhd, long_times ? 20 : 12, 4)) == static_cast<std::uint64_t>(track);
  });
}

bool has_common_encryption(Boxes& boxes, const Range& entry) {
  return boxes.any_at({"sinf", "schm"}, entry, [&](const Range& schm) {
    const std::string scheme = boxes.read(schm, 4, 4);
    return scheme == "cenc" || scheme == "cens" || scheme == "cbc1" || scheme == "cbcs";
  });
}

using Guid = std::string_view;  // 16 bytes as they lie in the file
constexpr Guid kAsfHeader("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", 16);
constexpr Guid kAsfExtension("\xb5\x03\xbf\x5f\x2e\xa9\xcf\x11\x8e\xe3\x00\xc0\x0c\x20\x53\x65", 16);
constexpr std::array<Guid, 3> kAsfEncryption = {
    Guid("\xfb\xb3\x11\x22\x23\xbd\xd2\x11\xb4\xb7\x00\xa0\xc9\x55\xfc\x6e", 16),   // content
    Guid("\x14\xe6\x8a\x29\x22\x26\x17\x4c\xb9\x35\xda\xe0\x7e\xe9\x28\x9c", 16),   // extended content
    Guid("\x33\x85\x05\x43\x81\x69\xe6\x49\x9b\x74\xad\x12\xcb\x86\xd5\x8c", 16)};  // advanced content

/// Whether one of the objects in `bytes` is of encryption; with `extension`, also those in the extension of
/// the header.
bool has_asf_encryption(std::string_view bytes, bool extension) {
  constexpr std::size_t kObject = 24, kExtension = 46;  // without their content
  while (bytes.size() >= kObject) {
    const Guid guid = bytes.substr(0, 16);
    if (std::find(kAsfEncryption.begin(), kAsfEncryption.end(), guid) != kAsfEncryption.end()) return true;
    const std::uint64_t size = little_endian(bytes.substr(16, 8));
    if (size < kObject || size > bytes.size()) return false;
    if (extension && guid == kAsfExtension && size >= kExtension &&
        has_asf_encryption(bytes.substr(kExtension, size - kExtension), false))
      return true;
    bytes.remove_prefix(size);
  }
  return false;
}

/// How the packets of a transport stream lie in its file: byte `sync` of every `size` is 0x47.
struct PacketLayout {
  std::size_t size, sync;
};

bool has_layout(std::string_view head, const PacketLayout& layout) {
  std::size_t packets = 0;
  for (std::size_t at = layout.sync; at < head.size(); at += layout.size, ++packets)
    if (head[at] != 'G') return false;
  return packets >= 4;
}

}  // namespace

bool is_encrypted_mp4(const ReadAt& read, int track) {
  constexpr std::int64_t kListHeader = 8, kEntryHeader = 78;  // of stsd; of a VisualSampleEntry
  Boxes boxes(read);
  return boxes.any_at({"moov", "trak"}, {}, [&](const Range& trak) {
    if (!is_track(boxes, trak, track)) return false;
    return boxes.any_at({"mdia", "minf", "stbl", "stsd"}, trak, [&](const Range& stsd) {
      return boxes.any({stsd.begin + kListHeader, stsd.end}, [&](std::string_view type, const Range& entry) {
        return type == "encv" || type == "drmi" ||
               has_common_encryption(boxes, {entry.begin + kEntryHeader, entry.end});
      });
    });
  });
}

bool is_encrypted_asf(const ReadAt& read) {
  constexpr std::size_t kHeader = 30;
  constexpr std::uint64_t kMostBytes = 1 << 20;
  const std::string head = read(0, kHeader);
  if (head.size() < kHeader || head.compare(0, kAsfHeader.size(), kAsfHeader) != 0) return false;
  const std::uint64_t size = std::min(little_endian(std::string_view(head).substr(16, 8)), kMostBytes);
  return size > kHeader && has_asf_encryption(read(kHeader, size - kHeader), true);
}

bool is_scrambled_transport(const ReadAt& read, std::int64_t file_bytes, int pid) {
  constexpr std::size_t kPackets = 340;  // of a sample, some 64 KiB
  constexpr std::int64_t kSamples = 64;
  constexpr std::array<PacketLayout, 3> kLayouts = {{{188, 0}, {192, 4}, {204, 0}}};
  const std::string head = read(0, 2048);
  const auto layout = std::find_if(kLayouts.begin(), kLayouts.end(),
                                   [&](const PacketLayout& one) { return has_layout(head, one); });
  if (layout == kLayouts.end()) return false;
  const auto size = static_cast<std::int64_t>(layout->size);
  const auto step = std::max<std::int64_t>(kPackets, file_bytes / size / kSamples);  // in packets
  std::int64_t packets = 0, scrambled = 0;
  for (std::int64_t first = 0; first * size < file_bytes; first += step) {
    const std::string sample = read(first * size, kPackets * layout->size);
    for (std::size_t at = layout->sync; at + 4 <= sample.size(); at += layout->size) {
      const std::string_view packet = std::string_view(sample).substr(at, 4);
      const bool wanted =
          packet[0] == 'G' && static_cast<int>(big_endian(packet.substr(1, 2)) & 0x1fff) == pid;
      if (!wanted) continue;
      ++packets;
      scrambled += (static_cast<unsigned char>(packet[3]) & 0xc0U) != 0 ? 1 : 0;
    }
  }
  return 2 * scrambled > packets;
}

}  // namespace tvr

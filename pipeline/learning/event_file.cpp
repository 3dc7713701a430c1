#include "pipeline/learning/event_file.h"

#include <array>
#include <cstring>

namespace tvr {
namespace {

/// CRC-32C (Castagnoli), reflected polynomial 0x82f63b78, as RFC 3720 has it.
std::uint32_t crc32c(const std::string& bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < made.size(); ++i) {
      std::uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
      made[i] = crc;
    }
    return made;
  }();
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~crc;
}

/// The eight or four bytes of a number, lowest first.
template <class Number>
std::string little_endian(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);  // every machine we run on is little-endian
  return bytes;
}

/// A CRC of bytes that hold CRCs themselves is masked (tensorflow/core/lib/hash/crc32c.h).
std::string masked_crc(const std::string& bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return little_endian(((crc >> 15) | (crc << 17)) + 0xa282ead8U);
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

// The wire types of protocol buffers: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
std::string key(int field, int wire_type) {
  return varint(static_cast<std::uint64_t>(field << 3 | wire_type));
}
std::string message(int field, const std::string& bytes) {
  return key(field, 2) + varint(bytes.size()) + bytes;
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& path) : path_(path), file_(replace_by_empty(path)) {
  write(key(1, 1) + little_endian(0.0) + message(3, "brain.Event:2"));  // wall_time, file_version
}

void EventFile::add(std::int64_t step, double wall_time,
                    const std::vector<std::pair<std::string, float>>& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars)
    summary += message(1, message(1, tag) + key(2, 5) + little_endian(value));  // Value: tag, simple_value
  write(key(1, 1) + little_endian(wall_time) + key(2, 0) + varint(static_cast<std::uint64_t>(step)) +
        message(5, summary));
}

void EventFile::write(const std::string& event) {
  const std::string length = little_endian(static_cast<std::uint64_t>(event.size()));
  write_all(file_, length + masked_crc(length) + event + masked_crc(event), path_.string());
}

}  // namespace tvr

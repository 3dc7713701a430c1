#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tvr::testing {

inline std::string little_endian(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xffU);
  return bytes;
}

/// A stored record of a zip archive; every number can be made to lie.
struct CraftedRecord {
  std::string name = "a/data.pkl", local_name = "a/data.pkl", bytes = "hello";
  std::uint64_t method = 0, crc = 0x3610a686, size = 5, offset = 0;
  bool zip64 = false;

  [[nodiscard]] std::string local() const {
    return "PK\x03\x04" + little_endian(45, 2) + little_endian(0, 2) + little_endian(method, 2) +
           little_endian(0, 4) + little_endian(crc, 4) + little_endian(bytes.size(), 4) +
           little_endian(bytes.size(), 4) + little_endian(local_name.size(), 2) + little_endian(0, 2) +
           local_name + bytes;
  }
  [[nodiscard]] std::string central() const {
    const std::string extra = little_endian(1, 2) + little_endian(24, 2) + little_endian(size, 8) +
                              little_endian(size, 8) + little_endian(offset, 8);
    const auto number = [&](std::uint64_t value) { return little_endian(zip64 ? 0xffffffffU : value, 4); };
    return "PK\x01\x02" + little_endian(45, 2) + little_endian(45, 2) + little_endian(0, 2) +
           little_endian(method, 2) + little_endian(0, 4) + little_endian(crc, 4) + number(size) +
           number(size) + little_endian(name.size(), 2) + little_endian(zip64 ? extra.size() : 0, 2) +
           little_endian(0, 2) + little_endian(0, 8) + number(offset) + name + (zip64 ? extra : "");
  }
};

inline std::string end_of(std::uint64_t count, std::uint64_t size, std::uint64_t offset) {
  return "PK\x05\x06" + little_endian(0, 4) + little_endian(count, 2) + little_endian(count, 2) +
         little_endian(size, 4) + little_endian(offset, 4) + little_endian(0, 2);
}

/// Locals, central directory and end; each record knows its own offset.
inline std::string archive_of(const std::vector<CraftedRecord>& records) {
  std::string locals, centrals;
  for (const CraftedRecord& record : records) locals += record.local(), centrals += record.central();
  return locals + centrals + end_of(records.size(), centrals.size(), locals.size());
}

}  // namespace tvr::testing

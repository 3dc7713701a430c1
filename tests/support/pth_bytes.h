#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/zip_bytes.h"

namespace tvr::testing {

/// The opcodes of hand-made PyTorch files, as Python 2 wrote them.
inline std::string pickled(std::int64_t value) {
  return "\x8a\x08" + little_endian(static_cast<std::uint64_t>(value), 8);
}
inline std::string pickled(const std::string& text) { return "T" + little_endian(text.size(), 4) + text; }
inline std::string pickled(const std::vector<std::int64_t>& values) {
  std::string opcodes = "(";
  for (const std::int64_t value : values) opcodes += pickled(value);
  return opcodes + "t";
}

struct PickledTensor {
  std::vector<std::int64_t> shape = {2, 3}, strides = {3, 1};
  std::int64_t offset = 0, storage_numel = 6;
  std::string storage = "0", type = "FloatStorage";
  std::string view = "N";  // opcodes of the storage's view on another
};

inline std::string pickled(const PickledTensor& tensor) {
  return "ctorch._utils\n_rebuild_tensor\n((" + pickled(std::string("storage")) + "ctorch\n" + tensor.type +
         "\n" + pickled(tensor.storage) + pickled(std::string("cpu")) + pickled(tensor.storage_numel) +
         tensor.view + "tQ" + pickled(tensor.offset) + pickled(tensor.shape) + pickled(tensor.strides) + "tR";
}

/// {'w': tensor}, a whole pickle
inline std::string pickled_state(const PickledTensor& tensor = {}) {
  return "\x80\x02}" + pickled(std::string("w")) + pickled(tensor) + "s.";
}

using StorageBytes = std::vector<std::pair<std::string, std::string>>;  // key, bytes

inline StorageBytes six_floats() {
  std::string bytes;
  for (const std::uint64_t bits :
       {0x3f800000U, 0x40000000U, 0x40400000U, 0x40800000U, 0x40a00000U, 0x40c00000U})
    bytes += little_endian(bits, 4);  // 1, 2, 3, 4, 5, 6
  return {{"0", bytes}};
}

/// A file of the zip format around `pickle`, without checksums.
inline std::string zip_pth(const std::string& pickle, const StorageBytes& storages = six_floats(),
                           const std::string& byteorder = "little") {
  std::vector<CraftedRecord> records;
  std::uint64_t offset = 0;
  const auto add = [&](const std::string& name, const std::string& bytes) {
    CraftedRecord record;
    record.name = record.local_name = "archive/" + name;
    record.bytes = bytes, record.size = bytes.size(), record.crc = 0, record.offset = offset;
    offset += record.local().size();
    records.push_back(record);
  };
  add("data.pkl", pickle);
  add("byteorder", byteorder);
  for (const auto& [key, bytes] : storages) add("data/" + key, bytes);
  return archive_of(records);
}

/// A file of the format before 1.6 around `pickle`, of storages of four-byte elements.
inline std::string legacy_pth(const std::string& pickle, const StorageBytes& storages = six_floats()) {
  std::string bytes("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.",
                    25);
  bytes += pickle + "\x80\x02](";
  for (const auto& entry : storages) bytes += pickled(entry.first);
  bytes += "e.";
  for (const auto& entry : storages) bytes += little_endian(entry.second.size() / 4, 8) + entry.second;
  return bytes;
}

}  // namespace tvr::testing

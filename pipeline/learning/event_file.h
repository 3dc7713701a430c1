#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/descriptor.h"

namespace tvr {

/// Curves as TensorBoard reads them: a file "events.out.tfevents.*" of TFRecords (tensorflow/core/lib/io:
/// length, masked CRC-32C of it, bytes, masked CRC-32C of them), each an Event message
/// (tensorflow/core/util/event.proto). When add() returns, its record is completely written; readers stop at
/// an incomplete one.
class EventFile {
 public:
  /// Replaces the file. Throws Error(Unreadable).
  explicit EventFile(const std::filesystem::path& path);

  /// Adds a point to each curve (tag and value) at `step`; `wall_time` in seconds since 1970.
  void add(std::int64_t step, double wall_time, const std::vector<std::pair<std::string, float>>& scalars);

 private:
  void write(const std::string& event);

  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace tvr

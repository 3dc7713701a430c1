#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace tvr {

/// A step of long work. `total` is 0 where it is not known.
struct ProgressEvent {
  std::string stage;  // "download", "hash", "epoch 3", ...
  std::int64_t done = 0;
  std::int64_t total = 0;
};

/// The one thing a room calls back: told how far the work is, it answers whether to go on. When it says false
/// the room stops at the next clean point and throws Error(Interrupted). May be empty.
using Progress = std::function<bool(const ProgressEvent&)>;

}  // namespace tvr

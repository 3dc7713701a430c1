#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace tvr {

/// Progress of long work. `total` is 0 if unknown.
struct ProgressEvent {
  std::string stage;  // "download", "hash", "epoch 3", ...
  std::int64_t done = 0;
  std::int64_t total = 0;
};

/// The callback for long work: it receives the progress and returns whether to continue. If it returns false,
/// the work stops at the next safe point and throws Error(Interrupted). May be empty.
using Progress = std::function<bool(const ProgressEvent&)>;

}  // namespace tvr

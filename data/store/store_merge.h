#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "data/progress.h"

namespace tvr {

struct MergeReport {
  std::int64_t outcomes = 0;  // number of outcomes in the part, all checked
  std::int64_t taken = 0;     // of these, new or better than the existing ones
  std::int64_t damaged = 0;   // of these, skipped: features unreadable or not matching their hash
};

/// How a damaged row of the part is handled.
enum class Damaged {
  Refuse,   // Error(Corrupt) naming it
  LeaveOut  // counted; the next extraction computes it again
};

/// Adds the content of stores to one, which it keeps open and locked from the first on: one that is replaced
/// or deleted between two parts is an error as within one.
class StoreMerger {
 public:
  /// `into` is created by the first add(), if it is missing.
  explicit StoreMerger(std::filesystem::path into);
  ~StoreMerger();
  StoreMerger(const StoreMerger&) = delete;
  StoreMerger& operator=(const StoreMerger&) = delete;

  /// As merge_store().
  MergeReport add(const std::filesystem::path& part, const Progress& progress, Damaged damaged);

 private:
  class Target;
  std::filesystem::path into_;
  std::unique_ptr<Target> target_;
};

/// Adds the content of the store `part` to the store `into`, which is created if missing. `part` is not
/// changed. The content digest does not depend on the order or repetition of merges: features beat no
/// features, and of two different results for one video and recipe the one with the lower hash is kept. An
/// interrupted merge has added some videos completely and others not at all; run it again. Throws
/// Error(Mismatch) if the stores have different content for a video, Error(Corrupt) for a damaged row of
/// `part` unless damaged rows are left out, Error(Interrupted) if `progress` returns false, and what opening
/// a store throws.
MergeReport merge_store(const std::filesystem::path& into, const std::filesystem::path& part,
                        const Progress& progress = {}, Damaged damaged = Damaged::Refuse);

}  // namespace tvr

#pragma once

#include <cstdint>
#include <filesystem>

#include "data/progress.h"

namespace tvr {

struct MergeReport {
  std::int64_t outcomes = 0;  // of the part, all of them looked at
  std::int64_t taken = 0;     // of these, new or better than what was there
  std::int64_t damaged = 0;   // of these, left out as their features cannot be read or do not have their hash
};

/// What becomes of a damaged row of the part.
enum class Damaged {
  Refuse,   // Error(Corrupt) naming it
  LeaveOut  // it is counted; the next extraction makes it anew
};

/// Adds what the store `part` knows to the store `into`, which is made when missing. `part` is not changed.
/// Which parts come first, and how often, makes no difference to the content digest: features beat none, and
/// of two different rows of one video and recipe the one with the lower hash stays.
/// A merge that stops halfway has taken some videos whole and the others not; run it again.
/// Throws Error(Mismatch) where a video has another content in each, Error(Corrupt) for a damaged row of
/// `part` unless they are to be left out, Error(Interrupted) when `progress` says stop, and what opening a
/// store throws.
MergeReport merge_store(const std::filesystem::path& into, const std::filesystem::path& part,
                        const Progress& progress = {}, Damaged damaged = Damaged::Refuse);

}  // namespace tvr

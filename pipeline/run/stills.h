#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "data/fingerprint.h"
#include "data/store/sqlite.h"
#include "data/time.h"

namespace tvr {

/// Pictures of videos that were made anyway, kept in a run's folder (stills.db), so that a run whose videos
/// are elsewhere can show them. A cache: the first of them are dropped when they pass 64 MiB in all, and
/// nothing ever fails for want of it. A folder that cannot be written is read only. Safe from many threads.
class Stills {
 public:
  explicit Stills(const std::filesystem::path& run);

  /// `features`: of the video's rows, as IndexedVideo has it. Keeps the first picture of each moment.
  void keep(const Digest& features, Micros at, const std::string& jpeg);
  /// The kept picture that is nearest to `at` in `within`; empty: there is none.
  [[nodiscard]] std::string nearest(const Digest& features, Micros at, const TimeSpan& within);

 private:
  std::mutex mutex_;
  std::unique_ptr<Database> database_;  // none: there is no file and none can be made
  bool writable_ = false;
};

}  // namespace tvr

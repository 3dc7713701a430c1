#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "data/fingerprint.h"
#include "data/mutex.h"
#include "data/store/sqlite.h"
#include "data/time.h"

namespace tvr {

/// A cache in a run's folder (stills.db) of frames that were decoded anyway, so that a run can show them
/// after its videos have moved. The oldest are dropped beyond 64 MiB in total. A failure of the cache is
/// never an error; in a folder that is not writable it is read-only. Thread-safe.
class Stills {
 public:
  explicit Stills(const std::filesystem::path& run);

  /// `features`: digest of the video's rows, as in IndexedVideo. Keeps the first frame for each moment.
  void keep(const Digest& features, Micros at, const std::string& jpeg);
  /// The kept frame that is nearest to `at` in `within`; empty: there is none.
  [[nodiscard]] std::string nearest(const Digest& features, Micros at, const TimeSpan& within);

 private:
  Mutex mutex_;
  std::unique_ptr<Database> database_
      TVR_GUARDED_BY(mutex_);  // null: there is no file and none can be created
  bool writable_ TVR_GUARDED_BY(mutex_) = false;
};

}  // namespace tvr

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "pipeline/extraction/extract_step.h"

namespace tvr {

/// What an extraction on this machine would be faster with, and does without.
struct FasterWays {
  std::string precision;         // of the networks; empty: it has the fastest
  bool gpu_could_scale = false;  // libswscale scales, and the networks' GPU could
};
[[nodiscard]] FasterWays faster_ways(const ExtractOptions& options);

/// Where the time of a command went, for its last words.
class TimeAccount {
 public:
  TimeAccount() : lap_(Clock::now()) {}

  /// The time since the last lap, or since the beginning, went into `phase`.
  void lap(const std::string& phase);
  /// The same for an extraction: shared out among looking at the files, decoding, networks and store, by
  /// what its threads did.
  void lap(const ExtractReport& extraction);
  void add(const std::string& phase, double seconds);

  [[nodiscard]] double seconds() const;
  /// A line a phase with its share, without those of less than a hundredth; then what to do about the
  /// longest. Empty below five seconds: there is nothing to gain.
  [[nodiscard]] std::string text(const FasterWays& ways) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Phase {
    std::string name;
    double seconds = 0;
  };
  double since_lap();

  Clock::time_point lap_;
  std::vector<Phase> phases_;
};

/// The last words of a command, on stderr.
void tell(const TimeAccount& time, const FasterWays& ways = {});

}  // namespace tvr

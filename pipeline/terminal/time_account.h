#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace tvr {

/// What would make a phase shorter, by its name.
using Advice = std::map<std::string, std::string>;

/// Where the time of a command went, for its last words.
class TimeAccount {
 public:
  TimeAccount() : lap_(Clock::now()) {}

  /// The time since the last lap, or since the beginning, went into `phase`.
  void lap(const std::string& phase);
  void add(const std::string& phase, double seconds);
  /// Begins a new lap; returns the seconds since the last one.
  double since_lap();

  [[nodiscard]] double seconds() const;
  /// A line per phase with its share, without those of less than a hundredth; then what to do about the
  /// longest: `advice` for it first. Empty below five seconds: there is nothing to gain.
  [[nodiscard]] std::string text(const Advice& advice = {}) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Phase {
    std::string name;
    double seconds = 0;
  };
  Clock::time_point lap_;
  std::vector<Phase> phases_;
};

/// The last words of a command, on stderr.
void tell(const TimeAccount& time, const Advice& advice = {});

}  // namespace tvr

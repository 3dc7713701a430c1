#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace tvr {

/// Advice on how to shorten a phase, by the name of the phase.
using Advice = std::map<std::string, std::string>;

/// How the time of a command is divided among its phases, for its final message.
class TimeAccount {
 public:
  TimeAccount() : lap_(Clock::now()) {}

  /// Adds the time since the last lap, or since the start, to `phase`.
  void lap(const std::string& phase);
  void add(const std::string& phase, double seconds);
  /// Starts a new lap; returns the seconds since the last one.
  double since_lap();

  [[nodiscard]] double seconds() const;
  /// One line per phase with its share, except those below 1 %; then advice about the longest, `advice`
  /// first. Empty if the total is below five seconds.
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

/// Prints the final message of a command to stderr.
void tell(const TimeAccount& time, const Advice& advice = {});

}  // namespace tvr

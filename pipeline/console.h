#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "data/progress.h"

namespace tvr {

/// Exit codes that scripts may rely on.
enum ExitCode : int { kDone = 0, kFailed = 1, kSomeVideosFailed = 2, kUsage = 64 };

/// Talk goes to stderr, results to stdout. say() is silent after set_quiet(true); warn() never is.
void set_quiet(bool quiet);
void say(const std::string& line);
void warn(const std::string& line);

/// From here on Ctrl-C and SIGTERM set a flag instead of ending the process; a second one ends it at once.
void install_stop_handler();
[[nodiscard]] bool stop_requested() noexcept;

/// A line about long work on stderr: on a terminal a bar that is redrawn, else a plain line every few
/// seconds. Safe from many threads.
class ProgressLine {
 public:
  /// `unit`: what is counted, in the plural ("videos"). total 0: not known.
  ProgressLine(std::string title, std::string unit, std::int64_t total);
  ~ProgressLine();  // clears the bar
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `note`: what else to say at the end of the line ("2 failed").
  void update(std::int64_t done, const std::string& note = {});

 private:
  std::string title_, unit_;
  std::int64_t total_;
  std::chrono::steady_clock::time_point start_, shown_;
  bool terminal_;
  std::mutex mutex_;
};

/// A Progress for a room: shows on `line`, and says stop when the user has asked for it.
[[nodiscard]] Progress progress_on(ProgressLine& line);

}  // namespace tvr

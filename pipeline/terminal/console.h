#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "data/mutex.h"
#include "data/progress.h"
#include "pipeline/terminal/progress_text.h"

namespace tvr {

/// Talk goes to stderr, results to stdout. say() is silent after set_quiet(true); warn() never is. Both may
/// be called while a ProgressLine is shown.
void set_quiet(bool quiet);
void say(const std::string& line);
void warn(const std::string& line);
/// A message after "error:".
void complain(const std::string& what);

enum class Colour { Red, Yellow, Green };
/// `text` in a colour where the file descriptor is a terminal that has them and the user does not mind
/// (https://no-color.org), else as it is.
[[nodiscard]] std::string coloured(const std::string& text, Colour colour, int descriptor);

/// Columns of the terminal behind a file descriptor; 80 where there is none.
[[nodiscard]] std::size_t columns_of(int descriptor);

/// From here on Ctrl-C and SIGTERM set a flag instead of ending the process; a second one ends it at once,
/// with the terminal's line cleared.
void install_stop_handler();
[[nodiscard]] bool stop_requested() noexcept;

/// A line about long work on stderr: on a terminal one that is redrawn, else a plain one every ten seconds
/// (after five minutes every minute). Safe from many threads; one at a time.
class ProgressLine {
 public:
  /// `unit`: what is counted, in the plural ("videos"). total 0: not known.
  ProgressLine(std::string title, std::string unit, std::int64_t total);
  ~ProgressLine();  // clears the line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `note`: what else to say at the end of the line ("2 failed").
  void update(std::int64_t done, const std::string& note = {});
  /// For a total that only the work knows.
  void expect(std::int64_t total);

 private:
  using Clock = std::chrono::steady_clock;
  Mutex mutex_;
  ProgressState state_ TVR_GUARDED_BY(mutex_);
  const Clock::time_point start_;
  Clock::time_point shown_ TVR_GUARDED_BY(mutex_);
  RateMeter meter_ TVR_GUARDED_BY(mutex_);
  const bool terminal_;
};

/// A Progress for a room: shows on `line` what is done of the event's total, and says stop when the user has
/// asked for it.
[[nodiscard]] Progress progress_on(ProgressLine& line);

}  // namespace tvr

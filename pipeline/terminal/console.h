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

/// Messages go to stderr, results to stdout. say() prints nothing after set_quiet(true); warn() always
/// prints. What they print is printable_lines(). Both may be called while a ProgressLine is shown.
void set_quiet(bool quiet);
/// From now on only complain() prints: of several processes that do the same, one speaks.
void set_silent();
void say(const std::string& line);
void warn(const std::string& line);
/// Prints a message after "error:".
void complain(const std::string& what);

enum class Colour { Red, Yellow, Green };
/// `text` in a colour if the file descriptor is a terminal that supports it and NO_COLOR is not set
/// (https://no-color.org), else unchanged.
[[nodiscard]] std::string coloured(const std::string& text, Colour colour, int descriptor);

/// Width of the terminal behind a file descriptor; 80 if it is not a terminal.
[[nodiscard]] std::size_t columns_of(int descriptor);

/// From now on Ctrl-C and SIGTERM set a flag instead of ending the process; a second one ends it at once and
/// clears the progress line.
void install_stop_handler();
[[nodiscard]] bool stop_requested() noexcept;
/// The signal that has requested it; 0: none.
[[nodiscard]] int stop_signal() noexcept;

/// A progress line on stderr: redrawn on a terminal, else a plain line every ten seconds (after five minutes,
/// every minute). Thread-safe; only one may exist at a time.
class ProgressLine {
 public:
  /// `unit`: what is counted, in the plural ("videos"). total 0: unknown.
  ProgressLine(std::string title, std::string unit, std::int64_t total);
  ~ProgressLine();  // clears the line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `note`: text at the end of the line ("2 failed").
  void update(std::int64_t done, const std::string& note = {});
  /// Sets the total, for when it becomes known only during the work.
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

/// A Progress callback that shows events on `line` and says stop when the user has requested it.
[[nodiscard]] Progress progress_on(ProgressLine& line);

}  // namespace tvr

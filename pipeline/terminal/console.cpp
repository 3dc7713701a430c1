#include "pipeline/terminal/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

std::atomic<bool> quiet_mode{false}, silent_mode{false};
volatile std::sig_atomic_t stop_flag = 0;
volatile std::sig_atomic_t stop_asked_s = 0;  // when, by the monotonic clock
volatile std::sig_atomic_t line_is_drawn = 0;

// Note [the line on the terminal]
// The cursor stays in the first column of the progress line, so that erasing from it to the end of the screen
// clears the line even if the window has become narrower and the terminal has wrapped it.
constexpr std::string_view kErase = "\r\x1b[J";

/// The text of the progress line, to be redrawn after other output.
struct Shown {
  Mutex mutex;
  std::string text TVR_GUARDED_BY(mutex);  // empty: none
};
Shown& shown() {
  static Shown line;
  return line;
}

/// Uses one write, so that no other output comes between erasing and drawing.
void write_stderr(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

void print_line(const std::string& line) {
  Shown& now = shown();
  const MutexLock lock(now.mutex);
  if (now.text.empty())
    write_stderr(line + '\n');
  else
    write_stderr(std::string(kErase) + line + '\n' + now.text + '\r');
}

/// An empty text removes the line.
void draw(const std::string& text) {
  Shown& now = shown();
  const MutexLock lock(now.mutex);
  if (text.empty() && now.text.empty()) return;
  now.text = text;
  line_is_drawn = text.empty() ? 0 : 1;
  write_stderr(std::string(kErase) + text + '\r');
}

/// Whether a signal after the first is the same request: what manages a job sends SIGTERM to a script and to
/// all that it has started, and the script passes it on; and it sends SIGTERM where a warning by SIGUSR1 has
/// not ended the program in time. A person who types Ctrl-C twice means it.
bool is_same_request(int signal) {
  constexpr time_t kSeconds = 2;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return signal != SIGINT && (signal != stop_flag || now.tv_sec - stop_asked_s <= kSeconds);
}

extern "C" void remember_stop(int signal) {
  if (stop_flag != 0) {  // second signal: end at once
    if (is_same_request(signal)) return;
    if (line_is_drawn != 0 && write(STDERR_FILENO, kErase.data(), kErase.size()) < 0) _exit(128 + signal);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  stop_asked_s = static_cast<std::sig_atomic_t>(now.tv_sec);
  stop_flag = signal;
}

bool is_terminal(int descriptor) {
  const char* kind = std::getenv("TERM");
  return isatty(descriptor) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

void set_quiet(bool quiet) { quiet_mode = quiet; }

void set_silent() { quiet_mode = silent_mode = true; }

void say(const std::string& line) {
  if (!quiet_mode) print_line(printable_lines(line));
}

void warn(const std::string& line) {
  if (silent_mode) return;
  print_line(coloured("warning:", Colour::Yellow, STDERR_FILENO) + ' ' + printable_lines(line));
}

void complain(const std::string& what) {
  print_line(coloured("error:", Colour::Red, STDERR_FILENO) + ' ' + printable_lines(what));
}

std::string coloured(const std::string& text, Colour colour, int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  if ((no_colour != nullptr && *no_colour != '\0') || !is_terminal(descriptor)) return text;
  const int code = colour == Colour::Red ? 31 : colour == Colour::Yellow ? 33 : 32;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::size_t columns_of(int descriptor) {
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void install_stop_handler() {
  std::signal(SIGINT, remember_stop);
  std::signal(SIGTERM, remember_stop);
  std::signal(SIGUSR1, remember_stop);  // Slurm's warning before the time is over (--signal=USR1@120)
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the file size limit fails instead of ending the program
}

bool stop_requested() noexcept { return stop_flag != 0; }
int stop_signal() noexcept { return stop_flag; }

ProgressLine::ProgressLine(std::string title, std::string unit, std::int64_t total)
    : state_{std::move(title), std::move(unit), 0, total, 0, {}},
      start_(Clock::now()),
      shown_(start_),
      meter_(start_),
      terminal_(is_terminal(STDERR_FILENO)) {}

ProgressLine::~ProgressLine() {
  if (terminal_) draw({});
}

void ProgressLine::update(std::int64_t done, const std::string& note) {
  if (quiet_mode) return;
  const MutexLock lock(mutex_);
  const auto now = Clock::now();
  const std::chrono::milliseconds plain_pause(now - start_ < std::chrono::minutes(5) ? 10'000 : 60'000);
  if (now - shown_ < (terminal_ ? std::chrono::milliseconds(100) : plain_pause)) return;
  shown_ = now;
  meter_.add(now, done);
  state_.done = done;
  state_.rate = meter_.rate();
  state_.note = stop_requested() ? "stopping; press Ctrl-C again to quit at once" : note;
  if (terminal_)
    draw(progress_text(state_, columns_of(STDERR_FILENO) - 1, true));
  else
    print_line(progress_text(state_, 200, false));
}

void ProgressLine::expect(std::int64_t total) {
  const MutexLock lock(mutex_);
  state_.total = total;
}

Progress progress_on(ProgressLine& line) {
  return [&line](const ProgressEvent& event) {
    line.expect(event.total);
    line.update(event.done);
    return !stop_requested();
  };
}

}  // namespace tvr

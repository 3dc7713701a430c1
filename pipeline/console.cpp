#include "pipeline/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "pipeline/table.h"

namespace tvr {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<bool> quiet_mode{false};
volatile std::sig_atomic_t stop_flag = 0;

extern "C" void remember_stop(int signal) {
  stop_flag = 1;
  std::signal(signal, SIG_DFL);  // asked twice: end at once
}

std::string bar(double share, int cells) {
  const int full = static_cast<int>(share * cells + 0.5);
  std::string text;
  for (int i = 0; i < cells; ++i) text += i < full ? '#' : '.';
  return text;
}

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

void set_quiet(bool quiet) { quiet_mode = quiet; }

void say(const std::string& line) {
  if (!quiet_mode) fmt::print(stderr, "{}\n", line);
}

void warn(const std::string& line) { fmt::print(stderr, "warning: {}\n", line); }

void install_stop_handler() {
  std::signal(SIGINT, remember_stop);
  std::signal(SIGTERM, remember_stop);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write, not the end of the program
}

bool stop_requested() noexcept { return stop_flag != 0; }

ProgressLine::ProgressLine(std::string title, std::string unit, std::int64_t total)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      start_(Clock::now()),
      shown_(start_),
      terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (terminal_ && !quiet_mode) fmt::print(stderr, "\r\x1b[K");
}

void ProgressLine::update(std::int64_t done, const std::string& note) {
  if (quiet_mode) return;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10'000);
  if (now - shown_ < pause) return;
  shown_ = now;
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done) / elapsed_s;
  std::string line = title_ + ' ';
  if (total_ > 0) {
    const double share = static_cast<double>(done) / static_cast<double>(total_);
    if (terminal_) line += bar(share, 24) + ' ';
    line += fmt::format("{}/{} {} ({:.0f} %)", done, total_, unit_, 100 * share);
  } else {
    line += fmt::format("{} {}", done, unit_);
  }
  line += fmt::format(", {:.3g} a second", rate);
  if (total_ > 0 && done > 0)
    line += ", " + seconds_text(static_cast<double>(total_ - done) / rate) + " left";
  if (!note.empty()) line += ", " + note;
  if (terminal_)
    fmt::print(stderr, "\r{}\x1b[K", line.substr(0, terminal_columns() - 1));
  else
    fmt::print(stderr, "{}\n", line);
}

Progress progress_on(ProgressLine& line) {
  return [&line](const ProgressEvent& event) {
    line.update(event.done, event.stage);
    return !stop_requested();
  };
}

}  // namespace tvr

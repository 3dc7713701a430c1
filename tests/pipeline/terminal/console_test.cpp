// What a terminal shows of progress and words: a pseudo terminal, and a small one of our own that reads it.
#include "pipeline/terminal/console.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/sanitizers.h"

namespace tvr {
namespace {

/// Lines on a screen that knows '\r', '\n', "erase to the end of the screen" and colours, and wraps.
class Screen {
 public:
  explicit Screen(std::size_t columns) : columns_(columns) {}

  void show(const std::string& bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const char c = bytes[i];
      if (c == '\r') {
        column_ = 0;
      } else if (c == '\n') {
        new_line();
      } else if (bytes.compare(i, 3, "\x1b[J") == 0) {
        lines_.resize(row_ + 1);
        lines_[row_].resize(column_);
        i += 2;
      } else if (c == '\x1b') {
        i = bytes.find('m', i);
      } else {
        put(c);
      }
    }
  }
  /// Without empty lines at the end.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> seen = lines_;
    while (!seen.empty() && seen.back().empty()) seen.pop_back();
    return seen;
  }

 private:
  void new_line() {
    if (++row_ == lines_.size()) lines_.emplace_back();
    column_ = 0;
  }
  void put(char c) {
    if (column_ == columns_) new_line();  // wrap
    if (lines_[row_].size() <= column_) lines_[row_].resize(column_ + 1, ' ');
    lines_[row_][column_++] = c;
  }

  std::size_t columns_, row_ = 0, column_ = 0;
  std::vector<std::string> lines_ = {""};
};

/// All bytes that `work` writes to a terminal of `columns`, in a process of its own; its end in `status`.
std::string on_terminal(unsigned short columns, const std::function<void()>& work, int* status = nullptr) {
  winsize size{24, columns, 0, 0};
  int master = -1;
  const pid_t child = forkpty(&master, nullptr, nullptr, &size);
  if (child == 0) {
    setenv("TERM", "xterm", 1);
    work();
    _exit(0);
  }
  std::string bytes;
  char buffer[4096];
  for (ssize_t count = 0; (count = read(master, buffer, sizeof buffer)) > 0;)
    bytes.append(buffer, static_cast<std::size_t>(count));
  int ended = 0;
  waitpid(child, &ended, 0);
  if (status != nullptr) *status = ended;
  close(master);
  return bytes;
}

void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(120)); }

std::vector<std::string> seen_on(std::size_t columns, const std::string& bytes) {
  Screen screen(columns);
  screen.show(bytes);
  return screen.lines();
}

void work_and_talk() {
  unsetenv("NO_COLOR");
  ProgressLine line("extract", "videos", 100);
  for (int done = 1; done <= 3; ++done) {
    pause();
    line.update(done, "1 failed");
    warn("word " + std::to_string(done));
  }
}

TEST(ProgressLine, LeavesOnlyTheWordsThatWereSaidMeanwhile) {
  for (const unsigned short columns : {80, 40, 20}) {
    const std::string bytes = on_terminal(columns, work_and_talk);
    EXPECT_EQ(seen_on(columns, bytes),
              (std::vector<std::string>{"warning: word 1", "warning: word 2", "warning: word 3"}))
        << columns << " columns";
  }
}

TEST(ProgressLine, IsOneLineAtEveryWidth) {
  for (const unsigned short columns : {80, 40, 20, 5, 2}) {
    const std::string bytes = on_terminal(columns, [] {
      ProgressLine line("extract", "videos", 100);
      pause();
      line.update(50, "12 failed");
      _exit(0);  // as it is while the work goes on
    });
    EXPECT_EQ(seen_on(columns, bytes).size(), 1u) << columns << " columns";
  }
}

TEST(ProgressLine, IsClearedByASecondCtrlC) {
  if (testing::kThreadSanitized) GTEST_SKIP() << "ThreadSanitizer delivers signals later";
  int status = 0;
  const std::string bytes = on_terminal(
      80,
      [] {
        install_stop_handler();
        ProgressLine line("extract", "videos", 100);
        pause();
        line.update(50);
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      &status);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
  EXPECT_NE(bytes.find("extract"), std::string::npos);
  EXPECT_TRUE(seen_on(80, bytes).empty());
}

TEST(StopHandler, TakesWhatAJobsManagerSendsTwiceForOneRequest) {
  if (testing::kThreadSanitized) GTEST_SKIP() << "ThreadSanitizer delivers signals later";
  for (const auto& [first, second] : {std::pair{SIGTERM, SIGTERM}, {SIGUSR1, SIGUSR1}, {SIGUSR1, SIGTERM}}) {
    int status = 0;
    (void)on_terminal(
        80,
        [first = first, second = second] {
          install_stop_handler();
          std::raise(first);
          std::raise(second);
          _exit(stop_signal());
        },
        &status);
    EXPECT_TRUE(WIFEXITED(status)) << first << ' ' << second;
    EXPECT_EQ(WEXITSTATUS(status), first);
  }
}

TEST(ProgressLine, SaysThatItIsStoppingAfterTheFirst) {
  const std::string bytes = on_terminal(80, [] {
    install_stop_handler();
    ProgressLine line("extract", "videos", 100);
    pause();
    std::raise(SIGINT);
    line.update(50);
  });
  EXPECT_NE(bytes.find("stopping; press Ctrl-C again to quit at once"), std::string::npos) << bytes;
}

TEST(Quiet, SaysNothingButWarnings) {
  const std::string bytes = on_terminal(80, [] {
    setenv("NO_COLOR", "1", 1);
    set_quiet(true);
    ProgressLine line("extract", "videos", 100);
    pause();
    line.update(50);
    say("a word");
    warn("a warning");
  });
  EXPECT_EQ(seen_on(80, bytes), (std::vector<std::string>{"warning: a warning"}));
}

TEST(Colour, IsForTerminalsWhoseUserDoesNotMind) {
  EXPECT_EQ(coloured("x", Colour::Red, -1), "x") << "no terminal";
  const auto word = [] { warn("w"); };
  EXPECT_NE(on_terminal(80, [&] { unsetenv("NO_COLOR"), word(); }).find("\x1b[33m"), std::string::npos);
  EXPECT_EQ(on_terminal(80, [&] { setenv("NO_COLOR", "1", 1), word(); }).find('\x1b'), std::string::npos);
  EXPECT_EQ(on_terminal(80, [&] { setenv("TERM", "dumb", 1), word(); }).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace tvr

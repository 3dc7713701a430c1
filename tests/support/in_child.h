#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

namespace tvr::testing {

/// What a piece of work in a process of its own said and used.
struct ChildReport {
  std::string text;
  int exit_status = 0;  // or 128 + signal
  long growth_mib = 0;  // resident memory at its peak, beyond what the process had when it forked
  double cpu_s = 0;
};

/// This process's resident memory.
inline long resident_mib() {
  long total_pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  return resident_pages * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
}

/// Runs `work`, which returns a short text (under a pipe's 64 KiB), in a forked child.
template <class Work>
ChildReport in_child(const Work& work) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const long before_mib = resident_mib();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no fork");
  if (child == 0) {
    const std::string text = work();
    const bool said = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    _exit(said ? 0 : 1);
  }
  close(ends[1]);
  ChildReport report;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    report.text.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  report.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  report.growth_mib = usage.ru_maxrss / 1024 - before_mib;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  report.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return report;
}

}  // namespace tvr::testing

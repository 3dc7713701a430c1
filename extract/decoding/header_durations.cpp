#include "extract/decoding/header_durations.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include "data/descriptor.h"
#include "extract/decoding/process_limits.h"
#include "extract/libraries.h"
#include "extract/media/clip_stream.h"

namespace tvr {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void read_headers(const std::vector<std::filesystem::path>& videos, std::size_t from, int out) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit_more_memory(DecodeLimits().max_memory_bytes);
  limit(RLIMIT_CORE, 0);
  for (std::size_t i = from; i < videos.size(); ++i) {
    const double seconds = claimed_duration_s(videos[i]);
    if (::write(out, &seconds, sizeof seconds) != static_cast<ssize_t>(sizeof seconds)) break;
  }
  ::_exit(0);
}

/// The next duration; false where the process ends or the time is over.
bool next_duration(int from, Clock::time_point end, double& seconds) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  pollfd wait{from, POLLIN, 0};
  if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0) return false;
  // Eight bytes are written at once, and a pipe keeps them together.
  return ::read(from, &seconds, sizeof seconds) == static_cast<ssize_t>(sizeof seconds);
}

}  // namespace

std::vector<double> header_durations(const std::vector<std::filesystem::path>& videos, double limit_s) {
  std::vector<double> durations(videos.size(), 0);
  const auto end = Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(1000 * limit_s));
  for (std::size_t at = 0; at < videos.size() && Clock::now() < end; ++at) {  // again after a crash
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) break;
    const Descriptor from(ends[0]);
    Descriptor to(ends[1]);
    const pid_t reader = ::fork();
    if (reader == 0) read_headers(videos, at, to.get());
    to = Descriptor();
    if (reader < 0) break;
    while (at < videos.size() && next_duration(from.get(), end, durations[at])) ++at;
    ::kill(reader, SIGKILL);
    while (::waitpid(reader, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  return durations;
}

}  // namespace tvr

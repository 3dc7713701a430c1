#include "extract/decoding/decoder_process.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <new>
#include <utility>

#include "data/error.h"
#include "extract/decoding/process_limits.h"

namespace tvr {
namespace {

/// The decoder's end of the data pipe. If the reader is gone, SIGPIPE ends the process.
class RecordWriter {
 public:
  explicit RecordWriter(int pipe) : pipe_(pipe) {}

  void clip(const Clip& clip) const {
    const HostFrames& rgb = clip.rgb();
    const ClipHeader header{
        clip.lane,   rgb.size(),  clip.index, clip.span.start.count(), clip.span.end.count(),
        clip.frames, clip.height, clip.width};
    put(DecoderRecord::Clip);
    put(header);
    write(rgb.data(), rgb.size());
  }

  void end(const DecodeSummary& summary) const {
    const EndHeader header{summary.decoded_frames, summary.expected_frames, summary.duration_s,
                           summary.complete, summary.first_frame_only};
    put(DecoderRecord::End);
    put(header);
    text(summary.message);
  }

  void failure(Fault fault, const std::string& seen, const std::string& advice) const {
    put(DecoderRecord::Failure);
    put(fault);
    text(seen);
    text(advice);
  }

 private:
  template <class Value>
  void put(const Value& value) const {
    write(&value, sizeof value);
  }
  void text(const std::string& text) const {
    put(text.size());
    write(text.data(), text.size());
  }
  void write(const void* from, std::size_t bytes) const {
    const auto* next = static_cast<const char*>(from);
    while (bytes > 0) {
      const ssize_t done = ::write(pipe_, next, bytes);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) ::_exit(EXIT_FAILURE);
      next += done;
      bytes -= static_cast<std::size_t>(done);
    }
  }

  int pipe_;
};

struct Request {
  std::vector<std::size_t> lanes;
  std::vector<std::int64_t> first;
  std::filesystem::path path;
  Descriptor data, status;
};

/// false: the other end was closed. A request whose pipes did not arrive, as there is no descriptor left for
/// them, has none: the other end sees that the pipes are closed.
bool receive(const Descriptor& socket, Request& request) {
  std::array<char, kMaxRequestBytes> bytes{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> ends{};
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ends.data();
  message.msg_controllen = ends.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  std::array<int, 2> pipes{-1, -1};
  if (const cmsghdr* const control = CMSG_FIRSTHDR(&message)) {
    std::memcpy(pipes.data(), CMSG_DATA(control),
                std::min<std::size_t>(control->cmsg_len - CMSG_LEN(0), sizeof pipes));
  }
  request = {{}, {}, {}, Descriptor(pipes[0]), Descriptor(pipes[1])};
  const char* next = bytes.data();
  const auto lanes = static_cast<std::size_t>(*next++);
  request.first.resize(lanes);
  std::memcpy(request.first.data(), next, lanes * sizeof(std::int64_t));
  next += lanes * sizeof(std::int64_t);
  for (std::size_t i = 0; i < lanes; ++i) request.lanes.push_back(static_cast<std::size_t>(*next++));
  request.path.assign(next, static_cast<const char*>(bytes.data()) + got);
  return true;
}

/// Ends the process as SIGTERM does if another process has sent the signal, else as the signal does: a crash
/// is a property of the video, being ended from outside is not.
extern "C" void tell_from_outside(int signal, siginfo_t* info, void*) {
  const bool is_sent = info->si_code <= 0;  // not by the kernel for a fault (sigaction(2))
  const int end = is_sent && info->si_pid != ::getpid() ? SIGTERM : signal;
  std::signal(end, SIG_DFL);
  std::raise(end);
}

void tell_crashes_from_outside() {
  for (const int signal : kCrashes) {
    struct sigaction action {};
    // What has its own handler, such as a sanitizer, reports crashes itself.
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
    action.sa_sigaction = tell_from_outside;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    ::sigaction(signal, &action, nullptr);
  }
}

/// Main function of a decoder process; returns its exit status.
int decode_one(const Request& request, const Decode& decode, const DecodeLimits& limits) {
  tell_crashes_from_outside();
  limit(RLIMIT_CORE, 0);
  // Beyond the limit that is checked between packets, so that it ends only a decoder that hangs within one.
  limit(RLIMIT_CPU, std::llround(std::ceil(1.1 * std::min(limits.max_seconds, 1e9))) + 1);
  limit_more_memory(limits.max_memory_bytes);
  const RecordWriter writer(request.data.get());
  try {
    writer.end(decode(request.path, request.lanes, [&](const Clip& clip) {
      if (clip.index >= request.first[clip.lane]) writer.clip(clip);
    }));
  } catch (const Error& error) {
    writer.failure(error.fault(), error.seen(), error.advice());
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
  return EXIT_SUCCESS;
}

/// The other end may be gone.
void report(const Descriptor& status, const DecoderEnd& end) {
  static_cast<void>(!::write(status.get(), &end, sizeof end));
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

void keep(Request request, const Decode& decode, const DecodeLimits& limits) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGCHLD, SIG_DFL);
  const pid_t decoder = ::fork();
  DecoderEnd end{0, decoder < 0 ? errno : 0, 0};
  if (decoder == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::signal(SIGPIPE, SIG_DFL);
    request.status.reset();
    ::_exit(decode_one(request, decode, limits));
  }
  request.data.reset();
  rusage used{};
  while (decoder > 0 && ::wait4(decoder, &end.status, 0, &used) < 0 && errno == EINTR) {
  }
  end.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);
  report(request.status, end);
  ::_exit(EXIT_SUCCESS);
}

}  // namespace

void serve_decoders(Descriptor socket, const Decode& decode, const DecodeLimits& limits) {
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches the whole process group: the main program handles it
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_IGN);  // keepers are reaped automatically
  for (Request request; receive(socket, request); request = {}) {
    if (!request.data || !request.status) continue;
    const pid_t keeper = ::fork();
    if (keeper == 0) {
      socket.reset();
      keep(std::move(request), decode, limits);
    } else if (keeper < 0) {
      report(request.status, {0, errno, 0});
    }
  }
}

}  // namespace tvr

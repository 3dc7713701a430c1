#include "extract/decoding/decoder_host.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "data/error.h"
#include "extract/decoding/decoder_process.h"
#include "extract/media/time_budget.h"

namespace tvr {
namespace {

constexpr int kPipeBytes = 1 << 20;  // lets the decoder run a clip or two ahead
constexpr int kPatienceMs = 200;     // interval between checks of `stop`

// How often in a row, without a new clip, decoders of a video must end the same way to be believed. A crash
// that does not happen again was not the file's. Between tries the pauses double, 3 s in all.
constexpr int kTriesIfCrashed = 2;
constexpr int kTriesIfKilled = 6;
constexpr int kFirstPauseMs = 100;

Error machine_failed(const std::string& where, const std::string& what) {
  return {
      Fault::Machine, where, what,
      "The machine failed, not the video: nothing was recorded about it. See to its memory, processes and "
      "descriptors (ulimit -a), or pass fewer --jobs, then run the same command again"};
}

[[noreturn]] void fail(const std::string& what) {
  throw machine_failed("decoder process", what + ": " + std::strerror(errno));
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail("cannot create a pipe");
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
  Descriptor read, write;
};

/// false: the other end is gone.
bool send(int socket, std::string request, const std::array<int, 2>& pipes) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof pipes)> ends{};
  iovec part{request.data(), request.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ends.data();
  message.msg_controllen = ends.size();
  cmsghdr* const control = CMSG_FIRSTHDR(&message);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof pipes);
  std::memcpy(CMSG_DATA(control), pipes.data(), sizeof pipes);
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return true;
  if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return false;
  fail("it accepts no work");
}

std::string request_for(const std::filesystem::path& path, const std::vector<std::size_t>& lanes,
                        const std::vector<std::int64_t>& first) {
  std::string request(1, static_cast<char>(lanes.size()));
  request.append(reinterpret_cast<const char*>(first.data()), first.size() * sizeof(std::int64_t));
  for (const std::size_t lane : lanes) request += static_cast<char>(lane);
  return request + path.string();
}

/// Why a decoder ended before it had said how its video ended.
struct Death {
  enum class Kind { Limit, Crash, Killed } kind;
  Error error;
};

bool is_crash(int signal) { return std::find(kCrashes.begin(), kCrashes.end(), signal) != kCrashes.end(); }

/// `end` is null if nobody was left to report it: the process that starts decoders was killed, too.
Death death_of(const std::string& path, const DecodeLimits& limits, const DecoderEnd* end) {
  if (end == nullptr) {
    return {Death::Kind::Killed,
            machine_failed(path, "its decoder could not be started, or was killed from outside, " +
                                     std::to_string(kTriesIfKilled) + " times in a row")};
  }
  if (end->error != 0) {
    return {Death::Kind::Killed,
            machine_failed(
                path, std::string("no process can be started to decode it: ") + std::strerror(end->error))};
  }
  if (WIFEXITED(end->status) && WEXITSTATUS(end->status) == ENOMEM) {
    return {Death::Kind::Limit,
            {Fault::Limit, path,
             "limit of memory: decoding needs more than " + std::to_string(limits.max_memory_bytes >> 20) +
                 " MiB",
             "Pass a larger --max-memory"}};
  }
  const int signal = WIFSIGNALED(end->status) ? WTERMSIG(end->status) : 0;
  // With less time used than it may use, somebody else has sent the signal.
  if (signal == SIGXCPU && end->cpu_s >= limits.max_seconds) {
    return {Death::Kind::Limit,
            {Fault::Timeout, path, spent_words(end->cpu_s, limits.max_seconds) + ", within one packet"}};
  }
  if (signal == 0 || is_crash(signal)) {
    return {Death::Kind::Crash,
            {Fault::Unsupported, path,
             std::string("its decoder crashed: ") +
                 (signal == 0 ? "exit status " + std::to_string(WEXITSTATUS(end->status))
                              : ::strsignal(signal))}};
  }
  return {Death::Kind::Killed,
          machine_failed(path, std::string("its decoder was ended from outside (") + ::strsignal(signal) +
                                   ") " + std::to_string(kTriesIfKilled) +
                                   " times in a row; the kernel does so when memory runs out")};
}

}  // namespace

/// A video whose records arrive through the pipe `data_`; `status_` delivers how its decoder ended. A decoder
/// that is killed is replaced: the next one leaves out the clips that have been given.
class DecoderHost::PipedClips : public VideoClips {
 public:
  PipedClips(DecoderHost& host, std::filesystem::path path, std::vector<std::size_t> lanes,
             std::vector<std::int64_t> first)
      : host_(host), path_(std::move(path)), lanes_(std::move(lanes)), first_(std::move(first)) {}

  [[nodiscard]] std::optional<Clip> next(const std::function<bool()>& stop) override;
  [[nodiscard]] const DecodeSummary& summary() const noexcept override { return summary_; }

 private:
  struct Ended {};  // thrown where the decoder ended before it had written all of a record

  void start();
  [[nodiscard]] std::optional<Clip> receive_clip(const std::function<bool()>& stop);
  void receive(void* to, std::size_t bytes, const std::function<bool()>& stop);
  [[nodiscard]] std::string receive_text(const std::function<bool()>& stop);
  void bury();
  void pause(int deaths, const std::function<bool()>& stop) const;
  [[noreturn]] void stopped() const { throw Error(Fault::Interrupted, path_.string(), "stopped"); }

  DecoderHost& host_;
  std::filesystem::path path_;
  std::vector<std::size_t> lanes_;
  std::vector<std::int64_t> first_;  // of each lane: the next clip to give
  Descriptor data_, status_;
  DecodeSummary summary_;
  int crashed_ = 0, killed_ = 0;  // since the last clip
};

std::optional<Clip> DecoderHost::PipedClips::next(const std::function<bool()>& stop) {
  for (;;) {
    try {
      if (!data_) start();
      std::optional<Clip> clip = receive_clip(stop);
      if (clip) {
        first_[clip->lane] = clip->index + 1;
        crashed_ = killed_ = 0;
      }
      return clip;
    } catch (const Ended&) {
      bury();
    } catch (const Error& error) {
      if (error.fault() != Fault::Machine || ++killed_ >= kTriesIfKilled) throw;
    }
    pause(std::max(crashed_, killed_), stop);
  }
}

void DecoderHost::PipedClips::start() {
  Pipe data, status;
  ::fcntl(data.write.get(), F_SETPIPE_SZ, kPipeBytes);  // best effort: the system may cap it
  host_.request(request_for(path_, lanes_, first_), data.write.get(), status.write.get());
  data_ = std::move(data.read);
  status_ = std::move(status.read);
}

std::optional<Clip> DecoderHost::PipedClips::receive_clip(const std::function<bool()>& stop) {
  DecoderRecord record{};
  receive(&record, sizeof record, stop);
  if (record == DecoderRecord::Clip) {
    ClipHeader header{};
    receive(&header, sizeof header, stop);
    Clip clip{header.lane,
              header.index,
              header.frames,
              header.height,
              header.width,
              HostFrames(header.bytes),
              {Micros{header.start_us}, Micros{header.end_us}}};
    receive(clip.rgb().data(), header.bytes, stop);
    return clip;
  }
  if (record == DecoderRecord::End) {
    EndHeader header{};
    receive(&header, sizeof header, stop);
    summary_ = {header.complete,        receive_text(stop), header.decoded_frames,
                header.expected_frames, header.duration_s,  header.first_frame_only};
    return std::nullopt;
  }
  Fault fault{};
  receive(&fault, sizeof fault, stop);
  const std::string seen = receive_text(stop), advice = receive_text(stop);
  if (fault == Fault::Machine) data_.reset();  // the next try needs a new decoder
  throw Error(fault, path_.string(), seen, advice);
}

void DecoderHost::PipedClips::receive(void* to, std::size_t bytes, const std::function<bool()>& stop) {
  // A decoder's own limits count processor time. What sleeps for ever on a dead disk uses none.
  const double least_s = std::chrono::duration<double>(host_.least_patience_).count();
  const double patience_s = std::max(least_s, 4 * host_.limits_.max_seconds);
  auto* next = static_cast<char*>(to);
  double waited_s = 0;
  while (bytes > 0) {
    pollfd wait{data_.get(), POLLIN, 0};
    if (::poll(&wait, 1, kPatienceMs) == 0) {
      if (stop()) stopped();
      waited_s += kPatienceMs / 1000.0;
      if (waited_s < patience_s) continue;
      throw Error(Fault::Unreadable, path_.string(),
                  "its decoder has given nothing for " + std::to_string(std::llround(waited_s)) +
                      " s: the disk may not answer");
    }
    const ssize_t got = ::read(data_.get(), next, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Ended();
    next += got;
    bytes -= static_cast<std::size_t>(got);
    waited_s = 0;
  }
}

std::string DecoderHost::PipedClips::receive_text(const std::function<bool()>& stop) {
  std::size_t bytes = 0;
  receive(&bytes, sizeof bytes, stop);
  std::string text(bytes, '\0');
  receive(text.data(), bytes, stop);
  return text;
}

/// Throws unless the video is worth another try.
void DecoderHost::PipedClips::bury() {
  DecoderEnd end;
  const bool known = ::read(status_.get(), &end, sizeof end) == sizeof end;
  data_.reset();
  status_.reset();
  const Death death = death_of(path_.string(), host_.limits_, known ? &end : nullptr);
  if (death.kind == Death::Kind::Limit) throw death.error;
  if (death.kind == Death::Kind::Crash && ++crashed_ >= kTriesIfCrashed) throw death.error;
  if (death.kind == Death::Kind::Killed && ++killed_ >= kTriesIfKilled) throw death.error;
}

void DecoderHost::PipedClips::pause(int deaths, const std::function<bool()>& stop) const {
  for (int left_ms = kFirstPauseMs << (deaths - 1); left_ms > 0; left_ms -= kPatienceMs) {
    if (stop()) stopped();
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(left_ms, kPatienceMs)));
  }
}

DecoderHost::DecoderHost(Decode decode, const DecodeLimits& limits, std::chrono::seconds least_patience)
    : decode_(std::move(decode)), limits_(limits), least_patience_(least_patience) {
  const MutexLock lock(mutex_);
  start();
}

DecoderHost::~DecoderHost() {
  const MutexLock lock(mutex_);
  end();
}

/// The new process ends with this one, as its end of the socket is then the only one.
void DecoderHost::start() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail("cannot create a socket");
  socket_ = Descriptor(ends[0]);
  const Descriptor its_end(ends[1]);
  host_ = ::fork();
  if (host_ == 0) {
    Descriptor socket(::dup2(its_end.get(), STDERR_FILENO + 1));
    ::close_range(STDERR_FILENO + 2, ~0U, 0);  // above all the lock and the file descriptor of the store
    serve_decoders(std::move(socket), decode_, limits_);
    ::_exit(EXIT_SUCCESS);
  }
  if (host_ > 0) return;
  socket_.reset();
  fail("cannot be started");
}

void DecoderHost::end() {
  socket_.reset();
  if (host_ <= 0) return;
  ::kill(host_, SIGKILL);
  while (::waitpid(host_, nullptr, 0) < 0 && errno == EINTR) {
  }
  host_ = -1;
}

void DecoderHost::request(const std::string& request, int data, int status) {
  const MutexLock lock(mutex_);
  if (socket_ && send(socket_.get(), request, {data, status})) return;
  end();
  start();
  if (!send(socket_.get(), request, {data, status})) {
    throw machine_failed("decoder process", "it was killed as soon as it was started");
  }
}

std::unique_ptr<VideoClips> DecoderHost::open(const std::filesystem::path& path,
                                              const std::vector<std::size_t>& lanes,
                                              const std::vector<std::int64_t>& first) {
  if (request_for(path, lanes, first).size() > kMaxRequestBytes)
    throw Error(Fault::Unreadable, path.string(), "the path is too long");
  return std::make_unique<PipedClips>(*this, path, lanes, first);
}

Decode decode_by(std::vector<LaneOptions> lanes, const DecodeLimits& limits) {
  return [lanes = std::move(lanes), limits](const std::filesystem::path& path,
                                            const std::vector<std::size_t>& wanted,
                                            const std::function<void(const Clip&)>& give) {
    std::vector<LaneOptions> sampling;
    for (const std::size_t lane : wanted) sampling.push_back(lanes[lane]);
    ClipStream stream(path, sampling, limits);
    while (const std::optional<Clip> clip = stream.next()) give(*clip);
    return stream.summary();
  };
}

}  // namespace tvr

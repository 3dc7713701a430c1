#include "extract/decoding/decoder_host.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "data/error.h"
#include "extract/decoding/decoder_process.h"

namespace tvr {
namespace {

constexpr int kPipeBytes = 1 << 20;  // lets the decoder run a clip or two ahead
constexpr int kPatienceMs = 200;     // interval between checks of `stop`

[[noreturn]] void fail(const std::string& what) {
  throw Error(Fault::Unreadable, "decoder process", what + ": " + std::strerror(errno));
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

void send(int socket, std::string request, const std::array<int, 2>& pipes) {
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
  if (sent < 0) fail("it no longer accepts work");
}

/// A video whose records arrive through the pipe `data`; `status` delivers its decoder's wait status.
class PipedClips : public VideoClips {
 public:
  PipedClips(std::filesystem::path path, const DecodeLimits& limits, Descriptor data, Descriptor status)
      : path_(std::move(path)), limits_(limits), data_(std::move(data)), status_(std::move(status)) {}

  [[nodiscard]] std::optional<Clip> next(const std::function<bool()>& stop) override;
  [[nodiscard]] const DecodeSummary& summary() const noexcept override { return summary_; }

 private:
  [[nodiscard]] bool receive(void* to, std::size_t bytes, const std::function<bool()>& stop);
  [[nodiscard]] std::string receive_text(const std::function<bool()>& stop);
  [[noreturn]] void explain_death() const;

  std::filesystem::path path_;
  DecodeLimits limits_;
  Descriptor data_, status_;
  DecodeSummary summary_;
};

std::optional<Clip> PipedClips::next(const std::function<bool()>& stop) {
  DecoderRecord record{};
  if (!receive(&record, sizeof record, stop)) explain_death();
  if (record == DecoderRecord::Clip) {
    ClipHeader header{};
    if (!receive(&header, sizeof header, stop)) explain_death();
    Clip clip{header.lane, header.index, header.frames, header.height, header.width, {}, {}};
    clip.span = {Micros{header.start_us}, Micros{header.end_us}};
    clip.rgb.resize(header.bytes);
    if (!receive(clip.rgb.data(), header.bytes, stop)) explain_death();
    return clip;
  }
  if (record == DecoderRecord::End) {
    EndHeader header{};
    if (!receive(&header, sizeof header, stop)) explain_death();
    summary_ = {header.complete,        receive_text(stop), header.decoded_frames,
                header.expected_frames, header.duration_s,  header.first_frame_only};
    return std::nullopt;
  }
  Fault fault{};
  if (!receive(&fault, sizeof fault, stop)) explain_death();
  const std::string seen = receive_text(stop), advice = receive_text(stop);
  throw Error(fault, path_.string(), seen, advice);
}

/// false: the decoder ended before it had written all of it.
bool PipedClips::receive(void* to, std::size_t bytes, const std::function<bool()>& stop) {
  auto* next = static_cast<char*>(to);
  while (bytes > 0) {
    pollfd wait{data_.get(), POLLIN, 0};
    if (::poll(&wait, 1, kPatienceMs) == 0) {
      if (stop()) throw Error(Fault::Interrupted, path_.string(), "stopped");
      continue;
    }
    const ssize_t got = ::read(data_.get(), next, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    next += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

std::string PipedClips::receive_text(const std::function<bool()>& stop) {
  std::size_t bytes = 0;
  if (!receive(&bytes, sizeof bytes, stop)) explain_death();
  std::string text(bytes, '\0');
  if (!receive(text.data(), bytes, stop)) explain_death();
  return text;
}

void PipedClips::explain_death() const {
  int status = 0;
  const bool known = ::read(status_.get(), &status, sizeof status) == sizeof status && status >= 0;
  if (known && WIFEXITED(status) && WEXITSTATUS(status) == ENOMEM) {
    throw Error(Fault::Limit, path_.string(),
                "limit of memory: decoding needs more than " +
                    std::to_string(limits_.max_memory_bytes >> 20) + " MiB",
                "Pass a larger --max-memory");
  }
  if (known && WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    throw Error(Fault::Timeout, path_.string(), "decoding took longer than allowed, within one packet");
  }
  if (known && WIFSIGNALED(status)) {
    throw Error(Fault::Unreadable, path_.string(),
                std::string("its decoder crashed: ") + ::strsignal(WTERMSIG(status)));
  }
  throw Error(Fault::Unreadable, path_.string(), "its decoder could not be started, or was killed");
}

}  // namespace

DecoderHost::DecoderHost(Decode decode, const DecodeLimits& limits) : limits_(limits) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail("cannot create a socket");
  socket_ = Descriptor(ends[0]);
  const Descriptor its_end(ends[1]);
  host_ = ::fork();
  if (host_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    Descriptor socket(::dup2(its_end.get(), STDERR_FILENO + 1));
    ::close_range(STDERR_FILENO + 2, ~0U, 0);  // above all the lock and the file descriptor of the store
    serve_decoders(std::move(socket), decode, limits);
    ::_exit(EXIT_SUCCESS);
  }
  if (host_ < 0) fail("cannot be started");
}

DecoderHost::~DecoderHost() {
  socket_.reset();
  ::kill(host_, SIGKILL);
  while (::waitpid(host_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::unique_ptr<VideoClips> DecoderHost::open(const std::filesystem::path& path,
                                              const std::vector<std::size_t>& lanes) {
  std::string request(1, static_cast<char>(lanes.size()));
  for (const std::size_t lane : lanes) request += static_cast<char>(lane);
  request += path.string();
  if (request.size() > kMaxRequestBytes)
    throw Error(Fault::Unreadable, path.string(), "the path is too long");
  Pipe data, status;
  ::fcntl(data.write.get(), F_SETPIPE_SZ, kPipeBytes);  // best effort: the system may cap it
  {
    const MutexLock lock(mutex_);
    send(socket_.get(), request, {data.write.get(), status.write.get()});
  }
  return std::make_unique<PipedClips>(path, limits_, std::move(data.read), std::move(status.read));
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

#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/descriptor.h"
#include "data/mutex.h"
#include "extract/decoding/clip_source.h"

namespace tvr {

/// Decodes the clips of `lanes` (indices) of a file, passes each to `give`, and returns how decoding ended.
using Decode =
    std::function<DecodeSummary(const std::filesystem::path& path, const std::vector<std::size_t>& lanes,
                                const std::function<void(const Clip&)>& give)>;

/// Runs a Decode for every video in a process of its own: if a file makes libav crash, loop within one packet
/// or exhaust memory, the kernel ends that process and the program continues with the next video. The
/// processes are forked from a small helper process, itself forked at construction: forking there is cheap
/// and safe, because it has one thread and almost no memory. A decoder or helper that is killed from outside,
/// as by the kernel when memory runs out, is replaced, and its video goes on with the next clip; only when
/// that happens again and again is it an Error(Machine).
class DecoderHost : public ClipSource {
 public:
  /// Construct before networks are loaded and threads started. A decoder that gives nothing for four times
  /// the limit of processor time, and for `least_patience`, is given up. Throws Error(Machine) if the system
  /// cannot create a process or socket.
  DecoderHost(Decode decode, const DecodeLimits& limits,
              std::chrono::seconds least_patience = std::chrono::minutes(10));
  ~DecoderHost() override;  // ends the helper and all running decoders
  DecoderHost(const DecoderHost&) = delete;
  DecoderHost& operator=(const DecoderHost&) = delete;

  /// Decoding begins with next() and runs ahead by what a pipe holds. A decoder that ends before its video
  /// gives Error(Timeout | Limit) for its own limits, Error(Unsupported) for a crash that happens again.
  [[nodiscard]] std::unique_ptr<VideoClips> open(const std::filesystem::path& path,
                                                 const std::vector<std::size_t>& lanes,
                                                 const std::vector<std::int64_t>& first) override;

 private:
  class PipedClips;
  void start() TVR_REQUIRES(mutex_);
  void end() TVR_REQUIRES(mutex_);
  /// Passes a request on, with the ends of its pipes, to a new helper if need be.
  void request(const std::string& request, int data, int status);

  Decode decode_;
  DecodeLimits limits_;
  std::chrono::seconds least_patience_;
  Mutex mutex_;
  Descriptor socket_ TVR_GUARDED_BY(mutex_);
  pid_t host_ TVR_GUARDED_BY(mutex_) = -1;
};

/// The Decode of the program: opens the file with libav.
[[nodiscard]] Decode decode_by(std::vector<LaneOptions> lanes, const DecodeLimits& limits);

}  // namespace tvr

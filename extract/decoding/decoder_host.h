#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "data/descriptor.h"
#include "data/mutex.h"
#include "extract/decoding/clip_source.h"

namespace tvr {

/// Decodes the clips of `lanes` (indices) of a file, hands each to `give`, and tells how it ended.
using Decode =
    std::function<DecodeSummary(const std::filesystem::path& path, const std::vector<std::size_t>& lanes,
                                const std::function<void(const Clip&)>& give)>;

/// Runs a Decode for every video in a process of its own: when a file makes libav crash, spin within one
/// packet or ask for all memory, the kernel ends that process and the program goes on with the next video.
/// A small process, forked at construction, forks one for each video: forking is cheap and safe there, as it
/// has one thread and nothing in its memory.
class DecoderHost : public ClipSource {
 public:
  /// Call it before networks are loaded and threads started. Throws Error(Unreadable) where the system has no
  /// process or pipe to give.
  DecoderHost(Decode decode, const DecodeLimits& limits);
  ~DecoderHost() override;  // ends it, and the decoders that still run
  DecoderHost(const DecoderHost&) = delete;
  DecoderHost& operator=(const DecoderHost&) = delete;

  /// The video runs ahead by what a pipe holds. A decoder that died is Error(Timeout | Limit | Unreadable).
  [[nodiscard]] std::unique_ptr<VideoClips> open(const std::filesystem::path& path,
                                                 const std::vector<std::size_t>& lanes) override;

 private:
  DecodeLimits limits_;
  Mutex mutex_;
  Descriptor socket_ TVR_GUARDED_BY(mutex_);
  pid_t host_ = -1;
};

/// The Decode of real videos.
[[nodiscard]] Decode decode_by(std::vector<LaneOptions> lanes, const DecodeLimits& limits);

}  // namespace tvr

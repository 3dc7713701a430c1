#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "extract/clip_stream.h"

namespace tvr {

/// Decodes the clips of `lanes` (indices) of a file, hands each to `give`, and tells how it ended.
using Decode =
    std::function<DecodeSummary(const std::filesystem::path& path, const std::vector<std::size_t>& lanes,
                                const std::function<void(const Clip&)>& give)>;

/// Runs a Decode for every video in a process of its own: when a file makes libav crash, spin within one
/// packet or ask for all memory, the kernel ends that process and the program goes on with the next video.
/// A small process, forked at construction, forks one for each video: forking is cheap and safe there, as it
/// has one thread and nothing in its memory.
class DecoderHost {
 public:
  /// Call it before networks are loaded and threads started. Throws Error(Unreadable) where the system has no
  /// process or pipe to give.
  DecoderHost(Decode decode, const DecodeLimits& limits);
  ~DecoderHost();  // ends it, and the decoders that still run
  DecoderHost(const DecoderHost&) = delete;
  DecoderHost& operator=(const DecoderHost&) = delete;

  /// A video that is being decoded; it runs ahead by what a pipe holds.
  class Stream {
   public:
    Stream(Stream&& other) noexcept;
    Stream& operator=(Stream&&) = delete;
    ~Stream();

    /// As ClipStream::next(), Errors included; clip.lane counts the lanes asked for. A decoder that died is
    /// Error(Timeout | Limit | Unreadable). While it waits it asks `stop` every now and then:
    /// Error(Interrupted).
    [[nodiscard]] std::optional<Clip> next(const std::function<bool()>& stop);
    /// Valid once next() has returned nullopt.
    [[nodiscard]] const DecodeSummary& summary() const noexcept { return summary_; }

   private:
    friend class DecoderHost;
    Stream(std::filesystem::path path, const DecodeLimits& limits, int data, int status)
        : path_(std::move(path)), limits_(limits), data_(data), status_(status) {}
    [[nodiscard]] bool receive(void* to, std::size_t bytes, const std::function<bool()>& stop);
    [[nodiscard]] std::string receive_text(const std::function<bool()>& stop);
    [[noreturn]] void explain_death() const;

    std::filesystem::path path_;
    DecodeLimits limits_;
    int data_, status_;
    DecodeSummary summary_;
  };

  /// Starts to decode `lanes` of a file. Safe from many threads. Throws Error(Unreadable).
  [[nodiscard]] Stream open(const std::filesystem::path& path, const std::vector<std::size_t>& lanes);

 private:
  DecodeLimits limits_;
  std::mutex mutex_;
  int socket_ = -1;
  pid_t host_ = -1;
};

/// The Decode of real videos.
[[nodiscard]] Decode decode_by(std::vector<LaneOptions> lanes, const DecodeLimits& limits);

}  // namespace tvr

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "extract/clip.h"
#include "extract/lane.h"

namespace tvr {

/// Limits for one video, so that no file can exhaust the machine. Exceeding one gives Error(Limit) or
/// Error(Timeout).
struct DecodeLimits {
  std::int64_t max_pixels = 8192LL * 8192;      // per coded frame
  std::int64_t max_scaled_pixels = 8LL << 20;   // per frame scaled for a lane (a 1x1000 strip grows)
  std::int64_t max_frames = 2'000'000;          // sampled frames per lane (23 h at 24 fps)
  double max_seconds = 3600;                    // processor time per file
  std::int64_t max_packet_bytes = 256LL << 20;  // per packet
  std::int64_t max_memory_bytes = 1LL << 30;    // enforced by DecoderHost only, for the whole decoder process
};

/// How decoding of one video ended. Valid once next() has returned nullopt.
struct DecodeSummary {
  bool complete = true;              // false: damaged; only part of the clips could be decoded
  std::string message;               // libav's message about the damage; empty if complete
  std::int64_t decoded_frames = 0;   // at the video's own frame rate
  std::int64_t expected_frames = 0;  // from the container; 0: not stated
  double duration_s = 0;             // from the container; 0: not stated
  bool first_frame_only = false;     // no frame at this lane's rate, so the first frame was used
};

/// Decodes a video once and yields the clips of every lane, pulled one at a time. Memory is bounded by a few
/// frames and one clip per lane, whatever the video's length. Frames equal byte for byte the output of
/// `ffmpeg -i V -filter_complex "fps=F,scale=W:H[,crop=...]" -f rawvideo -pix_fmt rgb24`, including its
/// conversion to a constant frame rate. With a Pillow preset they equal what Pillow makes of
/// `ffmpeg -i V -filter_complex fps=F -f rawvideo -pix_fmt rgb24`.
class ClipStream {
 public:
  /// Opens the file and its first video stream that is not cover art. Throws Error(InvalidArgument) for an
  /// invalid lane and Error(NotFound | Unreadable | Corrupt | Unsupported | Limit | Timeout), with messages
  /// that begin "not a media file", "forbidden format", "no video stream", "no frames" or "limit of ...".
  ///   gpu  the GPU that scales and holds the clips if the lanes' presets are GPU presets (all of them or
  ///   none)
  ClipStream(const std::filesystem::path& path, std::vector<LaneOptions> lanes,
             const DecodeLimits& limits = {}, int gpu = 0);
  ~ClipStream();
  ClipStream(ClipStream&&) noexcept;
  ClipStream& operator=(ClipStream&&) noexcept;

  /// The next finished clip of any lane, in order of index within each lane. nullopt: end of the video, also
  /// on later calls. Throws Error(Corrupt) if no frame could be decoded, Error(Limit | Timeout) if a limit is
  /// exceeded.
  [[nodiscard]] std::optional<Clip> next();

  [[nodiscard]] const DecodeSummary& summary() const noexcept;

  /// The -filter_complex argument with which the ffmpeg program gives a lane's frames:
  /// "[0:0]fps=24,scale=149:112:flags=bicubic,crop=112:112:18:0"; with a Pillow preset, the frames before
  /// they are resized. Valid after the first clip.
  [[nodiscard]] std::string ffmpeg_filters(std::size_t lane) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr

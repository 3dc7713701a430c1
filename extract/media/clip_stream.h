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

/// Budgets for one video, so that no file can exhaust the machine; passing one is Error(Limit) or
/// Error(Timeout).
struct DecodeLimits {
  std::int64_t max_pixels = 8192LL * 8192;      // of a coded picture
  std::int64_t max_scaled_pixels = 8LL << 20;   // of a picture scaled for a lane (a strip of 1x1000 grows)
  std::int64_t max_frames = 2'000'000;          // sampled frames of a lane (23 h at 24 fps)
  double max_seconds = 3600;                    // wall time spent on the file
  std::int64_t max_packet_bytes = 256LL << 20;  // of one packet
  std::int64_t max_memory_bytes = 1LL << 30;    // held to by DecoderHost alone: all of the decoder
};

/// How the decoding of one video ended. Valid once next() has returned nullopt.
struct DecodeSummary {
  bool complete = true;              // false: damaged; the clips so far are what could be had
  std::string message;               // libav's words about the damage, empty when complete
  std::int64_t decoded_frames = 0;   // native frames
  std::int64_t expected_frames = 0;  // by the container; 0: it does not say
  double duration_s = 0;             // by the container; 0: it does not say
  bool first_frame_only = false;     // no frame at this lane's rate: the first frame was taken
};

/// One decode pass over a video that yields the clips of every lane, pulled one at a time: memory is bounded
/// by a few frames and one clip a lane, not by the length of the video. Frames equal, byte for byte, what
/// `ffmpeg -i V -filter_complex "fps=F,scale=W:H[,crop=...]" -f rawvideo -pix_fmt rgb24` writes,
/// constant-frame-rate output step included.
class ClipStream {
 public:
  /// Opens the file and its first video stream that is no cover picture. Throws Error(InvalidArgument) for a
  /// lane without meaning and Error(NotFound | Unreadable | Corrupt | Unsupported | Limit | Timeout), whose
  /// words begin "no media file", "forbidden format", "no video stream", "no frames" or "limit of ...".
  ///   gpu  which one scales and holds the clips, when the lanes' presets are of the GPU; all of them are,
  ///   or none
  ClipStream(const std::filesystem::path& path, std::vector<LaneOptions> lanes,
             const DecodeLimits& limits = {}, int gpu = 0);
  ~ClipStream();
  ClipStream(ClipStream&&) noexcept;
  ClipStream& operator=(ClipStream&&) noexcept;

  /// The next finished clip of any lane; in order of index within a lane. nullopt: the video is over; stays
  /// so. Throws Error(Corrupt) when no picture at all could be decoded, Error(Limit | Timeout) when a budget
  /// is passed.
  [[nodiscard]] std::optional<Clip> next();

  [[nodiscard]] const DecodeSummary& summary() const noexcept;

  /// The text for the ffmpeg program's -filter_complex that gives the pictures of a lane:
  /// "[0:0]fps=24,scale=149:112:flags=bicubic,crop=112:112:18:0". Valid once a clip has come.
  [[nodiscard]] std::string ffmpeg_filters(std::size_t lane) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr

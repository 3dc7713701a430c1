#include "pipeline/frames/frames_check.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "data/error.h"
#include "extract/media/clip_stream.h"
#include "pipeline/frames/child_output.h"

namespace tvr {
namespace {

/// The ffmpeg program decoding a video.
class FfmpegFrames {
 public:
  // One thread: a damaged file decodes differently with each number of threads.
  FfmpegFrames(const std::filesystem::path& video, const std::string& filters)
      : output_({"ffmpeg", "-v", "fatal", "-nostdin", "-threads", "1", "-i", "file:" + video.string(),
                 "-filter_complex", filters, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"}) {}

  /// Compares a clip with ffmpeg's next frames and counts the differences.
  void compare(const Clip& clip, FramesCheck& check) {
    const HostFrames& rgb = clip.rgb();
    theirs_.resize(rgb.size());
    const std::size_t got = output_.read(theirs_.data(), theirs_.size());
    const std::size_t bytes = rgb.size() / static_cast<std::size_t>(clip.frames);
    frame_bytes_ = bytes;
    for (std::size_t begin = 0; begin < rgb.size(); begin += bytes) {
      const auto at = static_cast<std::ptrdiff_t>(begin), end = static_cast<std::ptrdiff_t>(begin + bytes);
      const bool there = begin + bytes <= got;
      if (there) ++check.theirs;
      if (!there || !std::equal(rgb.begin() + at, rgb.begin() + end, theirs_.begin() + at)) {
        if (check.first_difference < 0) check.first_difference = check.ours;
        ++check.differing;
      }
      ++check.ours;
    }
  }

  /// Counts the frames that it has beyond ours. Its exit status is no matter of the frames, but is mentioned.
  void finish(FramesCheck& check) {
    std::int64_t more = 0;
    while (!theirs_.empty() && output_.read(theirs_.data(), frame_bytes_) == frame_bytes_) ++more;
    const int status = output_.wait();
    if (more > 0) {
      if (check.first_difference < 0) check.first_difference = check.ours;
      check.theirs += more;
      check.differing += more;
      check.message = "ffmpeg has " + std::to_string(more) + " more frames";
    } else if (status != 0) {
      check.message = "ffmpeg exited with status " + std::to_string(status);
    }
  }

 private:
  ChildOutput output_;
  std::vector<std::uint8_t> theirs_;
  std::size_t frame_bytes_ = 0;
};

void judge(const DecodeSummary& summary, FramesCheck& check) {
  check.partial = !summary.complete;
  if (check.message.empty()) check.message = summary.message;
  if (check.differing == 0) {
    check.result = FramesCheck::Result::Equal;
  } else if (summary.first_frame_only && check.theirs == 0 && check.ours == 1) {
    check.result = FramesCheck::Result::OnlyOurs;
  } else {
    check.result = FramesCheck::Result::Differs;
  }
}

}  // namespace

const char* name(FramesCheck::Result result) noexcept {
  switch (result) {
    case FramesCheck::Result::Equal:
      return "equal";
    case FramesCheck::Result::OnlyOurs:
      return "only ours";
    case FramesCheck::Result::Differs:
      return "DIFFERS";
    case FramesCheck::Result::Refused:
      return "refused";
  }
  return "unknown";
}

FramesCheck check_frames(const std::filesystem::path& video, const LaneOptions& lane) {
  FramesCheck check;
  check.video = video;
  check.lane = lane.name;
  std::optional<FfmpegFrames> ffmpeg;
  std::optional<ClipStream> stream;
  const auto next = [&]() -> std::optional<Clip> {
    try {
      if (!stream) stream.emplace(video, std::vector<LaneOptions>{lane});
      return stream->next();
    } catch (const Error& error) {
      check.message = error.seen();
      stream.reset();
      return std::nullopt;
    }
  };
  while (const std::optional<Clip> clip = next()) {
    if (!ffmpeg) {
      check.filters = stream->ffmpeg_filters(0);
      ffmpeg.emplace(video, check.filters);
    }
    ffmpeg->compare(*clip, check);
  }
  if (stream && ffmpeg) {
    ffmpeg->finish(check);
    judge(stream->summary(), check);
  }
  return check;
}

}  // namespace tvr

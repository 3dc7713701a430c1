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
    theirs_.resize(clip.rgb.size());
    const std::size_t got = output_.read(theirs_.data(), theirs_.size());
    const std::size_t bytes = clip.rgb.size() / static_cast<std::size_t>(clip.frames);
    for (std::size_t begin = 0; begin < clip.rgb.size(); begin += bytes) {
      const auto at = static_cast<std::ptrdiff_t>(begin), end = static_cast<std::ptrdiff_t>(begin + bytes);
      const bool there = begin + bytes <= got;
      if (there) ++check.theirs;
      if (!there || !std::equal(clip.rgb.begin() + at, clip.rgb.begin() + end, theirs_.begin() + at)) {
        if (check.first_difference < 0) check.first_difference = check.ours;
        ++check.differing;
      }
      ++check.ours;
    }
  }

  /// An error at the end of its output; empty: none.
  [[nodiscard]] std::string finish() {
    std::uint8_t extra = 0;
    if (output_.read(&extra, 1) == 1) return "ffmpeg has more frames";
    const int status = output_.wait();
    return status == 0 ? "" : "ffmpeg exited with status " + std::to_string(status);
  }

 private:
  ChildOutput output_;
  std::vector<std::uint8_t> theirs_;
};

void judge(const DecodeSummary& summary, const std::string& ffmpeg_words, FramesCheck& check) {
  check.partial = !summary.complete;
  check.message = ffmpeg_words.empty() ? summary.message : ffmpeg_words;
  if (check.differing == 0 && ffmpeg_words.empty()) {
    check.result = FramesCheck::Result::Equal;
  } else if (summary.first_frame_only && check.theirs == 0 && check.ours == 1 && ffmpeg_words.empty()) {
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
  if (stream && ffmpeg) judge(stream->summary(), ffmpeg->finish(), check);
  return check;
}

}  // namespace tvr

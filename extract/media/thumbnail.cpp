#include "extract/media/thumbnail.h"

#include <chrono>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "data/error.h"
#include "extract/media/clip_stream.h"
#include "extract/media/frame_stream.h"
#include "extract/media/media_input.h"
#include "extract/media/picture_converter.h"

namespace tvr {
namespace {

LaneOptions thumbnail_lane() {
  LaneOptions lane;
  lane.short_side_px = 112;
  return lane;
}

DecodeLimits thumbnail_limits() {
  DecodeLimits limits;
  limits.max_seconds = 20;
  limits.max_frames = 600;  // sampled at 1 fps: ten minutes are enough
  return limits;
}

/// The sampled frame at `at`, or of the middle, decoding from the start; an empty clip if there is none.
Clip picture(const std::filesystem::path& video, const std::optional<Micros>& at) {
  std::vector<Clip> seen;
  try {
    ClipStream stream(video, {thumbnail_lane()}, thumbnail_limits());
    while (std::optional<Clip> clip = stream.next()) {
      const bool beyond = at && clip->span.start > *at;
      if (beyond && !seen.empty()) break;
      if (at) seen.clear();  // only the last frame is needed
      seen.push_back(std::move(*clip));
    }
  } catch (const Error&) {  // use what was decoded before the failure
  }
  return seen.empty() ? Clip{} : std::move(seen[seen.size() / 2]);
}

/// The last frame at or before `at`, decoding from the preceding key frame; nullptr if there is none.
FrameHandle picture_near(MediaInput& input, const DecodeLimits& limits, Micros at) {
  constexpr AVRational kMicro = {1, 1'000'000};
  const AVStream& of = input.stream();
  const std::int64_t wanted = av_rescale_q(at.count(), kMicro, of.time_base);
  const std::int64_t begin = input.format().start_time == AV_NOPTS_VALUE ? 0 : input.format().start_time;
  const std::int64_t target = wanted + av_rescale_q(begin, AV_TIME_BASE_Q, of.time_base);
  if (av_seek_frame(&input.format(), input.stream_index(), target, AVSEEK_FLAG_BACKWARD) < 0) return nullptr;
  FrameStream stream(input, limits);
  FrameHandle last;
  while (std::optional<Frame> frame = stream.next()) {
    if (frame->pts == AV_NOPTS_VALUE) return nullptr;  // without timestamps seeking is meaningless
    if (frame->pts > wanted && last != nullptr) break;
    last = std::move(frame->picture);
  }
  return last;
}

/// By seeking, for a time deep in a long video; an empty clip if the file is not seekable.
Clip picture_by_seeking(const std::filesystem::path& video, Micros at) {
  const DecodeLimits limits = thumbnail_limits();
  try {
    TimeBudget budget(limits.max_seconds);
    const TimeBudget::Running running(budget);
    MediaInput input(video, limits, budget);
    const FrameHandle found = picture_near(input, limits, at);
    if (found == nullptr) return {};
    const std::unique_ptr<PictureConverter> converter = make_picture_converter(
        input.name(), *found, input.stream(), thumbnail_lane(), std::nullopt, limits.max_scaled_pixels);
    const FrameHandle rgb = converter->convert(*found);
    Clip clip;
    clip.height = rgb->height;
    clip.width = rgb->width;
    for (int y = 0; y < rgb->height; ++y) {
      const std::uint8_t* const row = rgb->data[0] + std::ptrdiff_t{y} * rgb->linesize[0];
      clip.rgb.insert(clip.rgb.end(), row, row + std::ptrdiff_t{3} * rgb->width);
    }
    return clip;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::string thumbnail_jpeg(const std::filesystem::path& video, const std::optional<Micros>& at) {
  constexpr std::chrono::seconds kWorthSeeking(10);
  Clip clip;
  if (at && *at >= kWorthSeeking) clip = picture_by_seeking(video, *at);
  if (clip.rgb.empty()) clip = picture(video, at);
  if (clip.rgb.empty()) return {};
  const cv::Mat rgb(clip.height, clip.width, CV_8UC3, clip.rgb.data());
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<unsigned char> jpeg;
  cv::imencode(".jpg", bgr, jpeg, {cv::IMWRITE_JPEG_QUALITY, 80});
  return {jpeg.begin(), jpeg.end()};
}

std::string base64(const std::string& bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned triple = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      triple = triple << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    const std::size_t known = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 4; ++k) text += k <= known ? digits[triple >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

}  // namespace tvr

#include "extract/media/thumbnail.h"

#include <algorithm>
#include <chrono>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "data/error.h"
#include "extract/media/av_log.h"
#include "extract/media/clip_stream.h"
#include "extract/media/frame_stream.h"
#include "extract/media/media_input.h"
#include "extract/media/picture_converter.h"

namespace tvr {
namespace {

LaneOptions thumbnail_lane(int short_side_px) {
  LaneOptions lane;
  lane.short_side_px = short_side_px;
  return lane;
}

constexpr double kMostSeconds = 20;

bool is_key(const AVFrame& picture) {
#ifdef AV_FRAME_FLAG_KEY
  return (picture.flags & AV_FRAME_FLAG_KEY) != 0;
#else
  return picture.key_frame != 0;
#endif
}

/// Whether a frame's time is known after seeking. Broadcasts (MPEG-PS) time only some of their frames; the
/// others' times are counted from those before.
bool is_timed(const Frame& frame, const AVFormatContext& format) {
  const bool by_itself = (format.iformat->flags & AVFMT_TS_DISCONT) != 0;
  return frame.pts != AV_NOPTS_VALUE && (!by_itself || frame.picture->pts != AV_NOPTS_VALUE);
}

/// The last frame at or before `wanted`. Where there is none, nullptr if the file was `sought` in, and else
/// the first frame. After seeking, what comes before the first key frame refers to frames that were not
/// decoded.
FrameHandle last_until(MediaInput& input, std::int64_t wanted, bool sought) {
  FrameHandle last;
  try {
    FrameStream stream(input, {});
    while (std::optional<Frame> frame = stream.next()) {
      if (sought && !is_timed(*frame, input.format())) return nullptr;
      if (frame->pts > wanted && (sought || last != nullptr)) break;
      if (sought && last == nullptr && !is_key(*frame->picture)) continue;
      last = std::move(frame->picture);
      if (frame->pts > wanted) break;
    }
  } catch (const Error&) {  // use what was decoded before the failure
  }
  return last;
}

/// By seeking, for a time deep in a long video; nullptr if that does not lead to a frame before it. A seek
/// may arrive at a key frame that is decoded before `wanted` and shown after it, or anywhere: then further
/// back.
FrameHandle last_by_seeking(MediaInput& input, std::int64_t wanted) {
  const AVStream& of = input.stream();
  const std::int64_t begin = input.format().start_time == AV_NOPTS_VALUE ? 0 : input.format().start_time;
  const auto in_stream = [&](std::int64_t us) { return av_rescale_q(us, AV_TIME_BASE_Q, of.time_base); };
  for (const std::int64_t back_s : {0, 2, 10, 60}) {
    const std::int64_t target = wanted - in_stream(back_s * AV_TIME_BASE);
    if (target <= 0) break;
    if (av_seek_frame(&input.format(), input.stream_index(), target + in_stream(begin),
                      AVSEEK_FLAG_BACKWARD) < 0)
      break;
    if (FrameHandle found = last_until(input, wanted, true)) return found;
  }
  return nullptr;
}

/// Stretches a picture with pixels that are not square to how it is shown.
cv::Mat with_square_pixels(const cv::Mat& picture, MediaInput& input, AVFrame& frame) {
  constexpr double kMostStretched = 8;  // beyond that the file is wrong
  const AVRational pixel = av_guess_sample_aspect_ratio(&input.format(), &input.stream(), &frame);
  double wider = pixel.num > 0 && pixel.den > 0 ? av_q2d(pixel) : 1;
  if (wider > kMostStretched || wider * kMostStretched < 1) return picture;
  if (rotation_of(frame, input.stream()).swaps_sides) wider = 1 / wider;
  cv::Mat shown;
  cv::resize(picture, shown, {}, std::max(wider, 1.0), std::max(1 / wider, 1.0), cv::INTER_LINEAR);
  return shown;
}

/// BGR, and empty if there is none; at the middle without `at`.
cv::Mat picture_at(const std::filesystem::path& video, const std::optional<Micros>& at, int short_side_px,
                   bool seek) {
  AvLog unprinted;
  const AvLog::Listening listening(unprinted);
  try {
    const DecodeLimits limits;
    TimeBudget budget(kMostSeconds, kMostSeconds);
    const TimeBudget::Running running(budget);
    MediaInput input(video, limits, budget);
    const std::int64_t middle_us = std::max<std::int64_t>(0, input.format().duration) / 2;
    const std::int64_t wanted =
        av_rescale_q(at ? at->count() : middle_us, AV_TIME_BASE_Q, input.stream().time_base);
    const FrameHandle found = seek ? last_by_seeking(input, wanted) : last_until(input, wanted, false);
    if (found == nullptr) return {};
    const std::unique_ptr<PictureConverter> converter =
        make_picture_converter(input.name(), *found, input.stream(), thumbnail_lane(short_side_px),
                               std::nullopt, limits.max_scaled_pixels);
    const FrameHandle rgb = converter->convert(*found);
    cv::Mat bgr;
    cv::cvtColor(
        cv::Mat(rgb->height, rgb->width, CV_8UC3, rgb->data[0], static_cast<std::size_t>(rgb->linesize[0])),
        bgr, cv::COLOR_RGB2BGR);
    return with_square_pixels(bgr, input, *found);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::string thumbnail_jpeg(const std::filesystem::path& video, const std::optional<Micros>& at,
                           int short_side_px) {
  constexpr std::chrono::seconds kWorthSeeking(10);
  cv::Mat bgr;
  if (at && *at >= kWorthSeeking) bgr = picture_at(video, at, short_side_px, true);
  if (bgr.empty()) bgr = picture_at(video, at, short_side_px, false);
  if (bgr.empty()) return {};
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

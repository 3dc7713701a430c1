#include "pipeline/thumbnail.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "data/error.h"
#include "extract/clip_stream.h"

namespace tvr {
namespace {

LaneOptions thumbnail_lane() {
  LaneOptions lane;
  lane.short_side_px = 112;
  return lane;
}

/// The picture at `at`, or of the middle; an empty clip when there is none.
Clip picture(const std::filesystem::path& video, const std::optional<Micros>& at) {
  DecodeLimits limits;
  limits.max_seconds = 20;
  limits.max_frames = 600;  // ten minutes are enough to find a picture
  std::vector<Clip> seen;
  try {
    ClipStream stream(video, {thumbnail_lane()}, limits);
    while (std::optional<Clip> clip = stream.next()) {
      const bool beyond = at && clip->span.start > *at;
      if (beyond && !seen.empty()) break;
      if (at) seen.clear();  // only the last is wanted
      seen.push_back(std::move(*clip));
    }
  } catch (const Error&) {  // what was seen before the failure will do
  }
  return seen.empty() ? Clip{} : std::move(seen[seen.size() / 2]);
}

}  // namespace

std::string thumbnail_jpeg(const std::filesystem::path& video, const std::optional<Micros>& at) {
  Clip clip = picture(video, at);
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

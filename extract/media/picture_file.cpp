#include "extract/media/picture_file.h"

#include <cstring>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "data/descriptor.h"
#include "data/error.h"
#include "extract/media/clip_stream.h"
#include "extract/media/jpeg_damage.h"
#include "extract/media/picture_converter.h"
#include "extract/media/picture_header.h"

namespace tvr {
namespace {

std::size_t bytes_of(PictureSize size) {
  return static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) * 3;
}

[[noreturn]] void over_limit(const std::string& name, const std::string& what, std::int64_t seen,
                             std::int64_t most) {
  throw Error(Fault::Limit, name,
              "limit of " + what + ": " + std::to_string(seen) + ", at most " + std::to_string(most),
              "Scale the picture down");
}

}  // namespace

Picture read_picture(const std::filesystem::path& path, const PictureLimits& limits) {
  const Descriptor file = open_regular(path);
  const std::int64_t size = status_of(file, path.string()).st_size;
  if (size > limits.max_bytes) over_limit(path.string(), "bytes", size, limits.max_bytes);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  bytes.resize(read_all(file, bytes.data(), bytes.size(), path.string()));
  return decode_picture(bytes, path.string(), limits);
}

Picture decode_picture(std::string_view bytes, const std::string& name, const PictureLimits& limits) {
  const PictureHeader header = picture_header(bytes, name);
  const std::int64_t pixels = std::int64_t{header.size.height} * header.size.width;
  if (pixels > limits.max_pixels) over_limit(name, "pixels", pixels, limits.max_pixels);
  if (header.scans > limits.max_scans) over_limit(name, "scans", header.scans, limits.max_scans);
  if (header.scans > 0) {  // a JPEG
    if (const std::string damage = jpeg_damage(bytes); !damage.empty())
      throw Error(Fault::Corrupt, name, "the picture is damaged: " + damage);
  }
  // libpng prints warnings about chunks that do not matter here, so it is not given them.
  if (!header.essential.empty()) bytes = header.essential;
  const cv::Mat coded(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  cv::Mat decoded;
  try {
    decoded = cv::imdecode(coded, cv::IMREAD_COLOR);
  } catch (const cv::Exception&) {  // as if empty
  }
  if (decoded.empty()) throw Error(Fault::Corrupt, name, "the picture cannot be decoded");
  Picture picture{{decoded.rows, decoded.cols}, {}};
  picture.rgb.resize(bytes_of(picture.size));
  cv::cvtColor(decoded, cv::Mat(decoded.rows, decoded.cols, CV_8UC3, picture.rgb.data()), cv::COLOR_BGR2RGB);
  return picture;
}

Picture scaled_picture(const Picture& picture, const LaneOptions& lane) {
  if (!is_pillow(lane.preset)) {
    throw Error(Fault::InvalidArgument, "lane '" + lane.name + "'",
                std::string("its preset, ") + kPresets.name(lane.preset) + ", is for videos alone");
  }
  const PictureSize target = scaled_size(picture.size, lane);
  require_pixels("picture", picture.size, target, DecodeLimits().max_scaled_pixels, "picture");
  const PillowResize resize = pillow_resize(picture.size, target, lane);
  Picture scaled{resize.size(), {}};
  scaled.rgb.resize(bytes_of(scaled.size));
  resize.run(picture.rgb.data(), std::ptrdiff_t{3} * picture.size.width, scaled.rgb.data(),
             std::ptrdiff_t{3} * scaled.size.width);
  return scaled;
}

}  // namespace tvr

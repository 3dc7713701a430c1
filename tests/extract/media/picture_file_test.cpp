#include "extract/media/picture_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <random>

#include "extract/media/picture_header.h"
#include "tests/support/expect_error.h"
#include "tests/support/mutate.h"
#include "tests/support/python.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;

/// Columns become redder, rows greener; as OpenCV wants it: BGR.
cv::Mat ramp(int height, int width) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x)
      picture.at<cv::Vec3b>(y, x) = {40, static_cast<std::uint8_t>(5 * y), static_cast<std::uint8_t>(3 * x)};
  }
  return picture;
}

std::string encoded(const std::string& extension, const cv::Mat& picture,
                    const std::vector<int>& options = {}) {
  std::vector<std::uint8_t> bytes;
  EXPECT_TRUE(cv::imencode(extension, picture, bytes, options));
  return {bytes.begin(), bytes.end()};
}

std::string lossless_webp(const cv::Mat& picture) {
  return encoded(".webp", picture, {cv::IMWRITE_WEBP_QUALITY, 101});
}

/// A JPEG's beginning with an EXIF orientation: 6 is to be turned clockwise by a quarter.
std::string with_orientation(const std::string& jpeg, char orientation) {
  std::string exif("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0?\0\0\0\0\0\0", 32);
  exif[25] = orientation;
  const std::string length{'\0', static_cast<char>(exif.size() + 2)};
  return jpeg.substr(0, 2) + "\xff\xe1" + length + exif + jpeg.substr(2);
}

TEST(PictureFile, GivesThePixelsOfLosslessFiles) {
  const cv::Mat bgr = ramp(21, 33);
  for (const std::string& bytes : {encoded(".png", bgr), lossless_webp(bgr)}) {
    const Picture picture = decode_picture(bytes, "a picture");
    ASSERT_EQ(picture.size.height, 21);
    ASSERT_EQ(picture.size.width, 33);
    for (int y = 0; y < 21; ++y) {
      for (int x = 0; x < 33; ++x) {
        const std::uint8_t* const pixel = &picture.rgb[static_cast<std::size_t>(y * 33 + x) * 3];
        ASSERT_EQ(pixel[0], 3 * x);
        ASSERT_EQ(pixel[1], 5 * y);
        ASSERT_EQ(pixel[2], 40);
      }
    }
  }
}

TEST(PictureFile, DropsTransparencyAndGivesGreyThreeTimes) {
  const Picture clear = decode_picture(encoded(".png", cv::Mat(2, 2, CV_8UC4, cv::Scalar(1, 2, 3, 0))), "a");
  EXPECT_EQ(std::vector<std::uint8_t>(clear.rgb.begin(), clear.rgb.begin() + 3),
            (std::vector<std::uint8_t>{3, 2, 1}));
  const Picture grey = decode_picture(encoded(".png", cv::Mat(2, 2, CV_8UC1, cv::Scalar(9))), "a");
  EXPECT_EQ(grey.rgb, std::vector<std::uint8_t>(12, 9));
}

TEST(PictureFile, TurnsAJpegUpright) {
  const std::string jpeg = encoded(".jpg", ramp(16, 32));
  const Picture upright = decode_picture(with_orientation(jpeg, 6), "a.jpg");
  EXPECT_EQ(upright.size.height, 32);
  EXPECT_EQ(upright.size.width, 16);
  EXPECT_LT(upright.rgb.front(), 20) << "left has become top";
  EXPECT_GT(upright.rgb.back(), 30);
  EXPECT_EQ(decode_picture(with_orientation(jpeg, 1), "a.jpg").size.width, 32);
}

TEST(PictureFile, ReadsProgressiveJpegs) {
  const std::string jpeg = encoded(".jpg", ramp(16, 32), {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
  EXPECT_GT(picture_header(jpeg, "a").scans, 1);
  EXPECT_EQ(decode_picture(jpeg, "a").size.width, 32);
  PictureLimits limits;
  limits.max_scans = 3;
  expect_error([&] { static_cast<void>(decode_picture(jpeg, "a", limits)); }, Fault::Limit, "limit of scans");
}

TEST(PictureFile, RefusesWhatItsHeaderSaysIsTooLarge) {
  std::string png = encoded(".png", ramp(2, 2));
  png[16] = png[17] = '\0';
  png[18] = png[22] = '\x40';  // 16384 x 16384
  expect_error([&] { static_cast<void>(decode_picture(png, "bomb.png")); }, Fault::Limit, "limit of pixels");
  png[17] = 1;
  expect_error([&] { static_cast<void>(decode_picture(png, "bomb.png")); }, Fault::Limit, "more than 65535");
  PictureLimits limits;
  limits.max_pixels = 100;
  for (const std::string& bytes :
       {encoded(".jpg", ramp(16, 32)), lossless_webp(ramp(16, 32)), encoded(".webp", ramp(16, 32))})
    expect_error([&] { static_cast<void>(decode_picture(bytes, "a", limits)); }, Fault::Limit,
                 "512, at most 100");
  const TempFolder folder;
  limits.max_bytes = 3;
  testing::write_file(folder / "a.png", png);
  expect_error([&] { static_cast<void>(read_picture(folder / "a.png", limits)); }, Fault::Limit,
               "limit of bytes");
}

TEST(PictureFile, RefusesWhatIsNoPicture) {
  for (const std::string& bytes : {std::string(), std::string("GIF89a..."), std::string("BM"),
                                   std::string("RIFF....WAVE"), std::string(3, '\0')})
    expect_error([&] { static_cast<void>(decode_picture(bytes, "a")); }, Fault::Unsupported, "not a picture");
  const TempFolder folder;
  expect_error([&] { static_cast<void>(read_picture(folder / "none.jpg")); }, Fault::NotFound, "none.jpg");
  expect_error([&] { static_cast<void>(read_picture(folder.path())); }, Fault::Unsupported, "");
}

TEST(PictureFile, RefusesAFileCutAnywhere) {
  const cv::Mat bgr = ramp(16, 32);
  for (const std::string& whole : {encoded(".png", bgr), encoded(".jpg", bgr), lossless_webp(bgr)}) {
    for (std::size_t length = 12; length < whole.size(); length += 7) {
      expect_error([&] { static_cast<void>(decode_picture(whole.substr(0, length), "a")); }, Fault::Corrupt,
                   "");
    }
  }
}

TEST(PictureFile, RefusesAJpegThatWasCutAndClosedWithoutAWordOfLibjpegs) {
  for (const int progressive : {0, 1}) {
    const std::string whole = encoded(".jpg", ramp(64, 64), {cv::IMWRITE_JPEG_PROGRESSIVE, progressive});
    ::testing::internal::CaptureStderr();
    EXPECT_NO_THROW(static_cast<void>(decode_picture(whole, "a")));
    const std::size_t scan = whole.find("\xff\xda");
    const std::string cut = whole.substr(0, scan + (whole.size() - scan) / 3) + "\xff\xd9";
    expect_error([&] { static_cast<void>(decode_picture(cut, "a")); }, Fault::Corrupt,
                 "the picture is damaged: ");
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  }
}

TEST(PictureFile, TakesAnyBytes) {
  const cv::Mat bgr = ramp(16, 32);
  std::mt19937 random(1);
  PictureLimits limits;
  limits.max_pixels = 1 << 16;
  for (const std::string& whole :
       {encoded(".png", bgr), encoded(".jpg", bgr), encoded(".webp", bgr), lossless_webp(bgr)}) {
    for (int round = 0; round < 300; ++round) {
      try {
        const Picture picture = decode_picture(testing::mutate(whole, random), "a", limits);
        EXPECT_LE(picture.rgb.size(), std::size_t{3} << 16U);
      } catch (const Error&) {
      }
    }
  }
}

TEST(PictureFile, IsScaledAsALanesFramesAre) {
  Picture picture{{30, 50}, std::vector<std::uint8_t>(30 * 50 * 3, 77)};
  const LaneOptions cut = picture_lane("clip", Resize::ShortSide, 16, Preset::PillowBicubic, 16);
  const Picture scaled = scaled_picture(picture, cut);
  EXPECT_EQ(scaled.size.height, 16);
  EXPECT_EQ(scaled.rgb, std::vector<std::uint8_t>(16 * 16 * 3, 77));
  expect_error([&] { static_cast<void>(scaled_picture(picture, lane_2d())); }, Fault::InvalidArgument,
               "ffmpeg5, is for videos alone");
  picture = {{1, 60000}, std::vector<std::uint8_t>(60000 * 3)};
  expect_error([&] { static_cast<void>(scaled_picture(picture, cut)); }, Fault::Limit, "Crop the picture");
}

constexpr const char* kByPillow = R"(
import sys
from PIL import Image, ImageOps
for path in sys.argv[1:]:
    open(path + '.rgb', 'wb').write(ImageOps.exif_transpose(Image.open(path)).convert('RGB').tobytes())
)";

TEST(PictureFile, EqualsPillow) {
  TVR_NEEDS_PYTHON("PIL");
  const TempFolder folder;
  const cv::Mat bgr = ramp(47, 83);
  const std::string jpeg = encoded(".jpg", bgr, {cv::IMWRITE_JPEG_QUALITY, 80});
  const std::pair<const char*, std::string> files[] = {
      {"a.jpg", jpeg},
      {"b.jpg", with_orientation(jpeg, 6)},
      {"c.jpg", with_orientation(jpeg, 3)},
      {"d.jpg", encoded(".jpg", bgr, {cv::IMWRITE_JPEG_PROGRESSIVE, 1})},
      {"e.png", encoded(".png", bgr)},
      {"f.webp", encoded(".webp", bgr, {cv::IMWRITE_WEBP_QUALITY, 60})}};
  std::string arguments;
  for (const auto& [name, bytes] : files)
    arguments += " '" + testing::write_file(folder / name, bytes).string() + "'";
  int status = 0;
  const std::string printed = testing::run_python(kByPillow, arguments, status);
  ASSERT_EQ(status, 0) << printed;
  for (const auto& [name, bytes] : files) {
    std::ifstream in(folder / (std::string(name) + ".rgb"), std::ios::binary);
    const std::string wanted{std::istreambuf_iterator<char>(in), {}};
    const Picture picture = read_picture(folder / name);
    EXPECT_TRUE(std::string(picture.rgb.begin(), picture.rgb.end()) == wanted) << name;
  }
}

}  // namespace
}  // namespace tvr

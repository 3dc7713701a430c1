#include "extract/media/thumbnail.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

cv::Mat thumbnail(const std::filesystem::path& video, std::optional<Micros> at) {
  const std::string jpeg = thumbnail_jpeg(video, at);
  return jpeg.empty() ? cv::Mat()
                      : cv::imdecode(std::vector<unsigned char>(jpeg.begin(), jpeg.end()), cv::IMREAD_COLOR);
}

/// The frame at or before `at_ms`: its number within fifty, which two seconds of video take.
int frame_at(const std::filesystem::path& video, std::int64_t at_ms) {
  const cv::Mat picture = thumbnail(video, Micros{1000 * at_ms});
  if (picture.empty()) return -1;
  return testing::frame_index_of_level(picture.at<cv::Vec3b>(picture.rows / 2, picture.cols / 2)[1]);
}

struct Container {
  const char* file;
  const char* codec;
  int b_frames;
};

class ThumbnailIn : public ::testing::TestWithParam<Container> {};

TEST_P(ThumbnailIn, IsTheFrameShownThenAndNoneFromAfter) {
  const testing::TempFolder folder;
  testing::TestVideo video;
  video.codec = GetParam().codec;
  video.b_frames = GetParam().b_frames;
  video.pts_ms = testing::at_rate(25, 40 * 25);
  video.key_frame_every = 40;  // unlike the fifty that the brightness repeats after
  testing::write_video(folder / GetParam().file, video);
  for (const std::int64_t at_ms : {0, 500, 1000, 9999, 10010, 12790, 12810, 20070, 25590, 25610, 39990}) {
    const auto wanted = static_cast<int>(at_ms / 40 % 50);
    const int seen = frame_at(folder / GetParam().file, at_ms);
    // A container that rounds times may show the frame before; later ones never.
    EXPECT_TRUE(seen == wanted || seen == (wanted + 49) % 50)
        << "at " << at_ms << " ms: " << seen << ", not " << wanted;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ThumbnailIn,
                         ::testing::Values(Container{"a.mp4", "mpeg4", 2}, Container{"a.mkv", "mpeg4", 2},
                                           Container{"a.ts", "mpeg2video", 2},
                                           Container{"a.mpg", "mpeg2video", 2},
                                           Container{"a.m2v", "mpeg2video", 2},
                                           Container{"a.avi", "mpeg4", 0}, Container{"a.flv", "flv", 0},
                                           Container{"a.wmv", "wmv2", 0}, Container{"b.mkv", "ffv1", 0},
                                           Container{"a.nut", "mpeg4", 2}),
                         [](const auto& of) {
                           std::string name = of.param.file;
                           name.replace(name.find('.'), 1, "_");
                           return name + "_" + of.param.codec;
                         });

TEST(Thumbnail, HasTheShapeOfWhatIsShown) {
  const testing::TempFolder folder;
  testing::TestVideo video{"mpeg4", 72, 64, testing::at_rate(25, 30)};
  video.pixel_width = 2;
  testing::write_video(folder / "wide.mp4", video);
  const cv::Mat wide = thumbnail(folder / "wide.mp4", Micros{0});
  EXPECT_EQ(wide.rows, 112);
  EXPECT_EQ(wide.cols, 252) << "72 pixels, each twice as wide as high, by 64";
  video.rotation_degrees = 90;
  testing::write_video(folder / "turned.mp4", video);
  const cv::Mat turned = thumbnail(folder / "turned.mp4", Micros{0});
  EXPECT_EQ(turned.cols, 112);
  EXPECT_EQ(turned.rows, 252);
  video.rotation_degrees = 0;
  video.pixel_width = 1;
  video.pixel_height = 2;
  testing::write_video(folder / "high.mkv", video);
  const cv::Mat high = thumbnail(folder / "high.mkv", Micros{0});
  EXPECT_EQ(high.cols, 126);
  EXPECT_EQ(high.rows, 224);
}

TEST(Thumbnail, IsOfTheMiddleWhereNoTimeIsAskedFor) {
  const testing::TempFolder folder;
  testing::write_video(folder / "a.mp4", {"mpeg4", 64, 48, testing::at_rate(25, 50)});
  const cv::Mat picture = thumbnail(folder / "a.mp4", std::nullopt);
  ASSERT_FALSE(picture.empty());
  EXPECT_NEAR(testing::frame_index_of_level(picture.at<cv::Vec3b>(56, 56)[1]), 25, 1);
}

}  // namespace
}  // namespace tvr

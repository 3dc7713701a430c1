#include "extract/media/picture_converter.h"

#include <gtest/gtest.h>

#include <limits>

extern "C" {
#include <libavutil/display.h>
}

#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::expect_error;

PictureSize size(int width, int height, const LaneOptions& lane) {
  return scaled_size({height, width}, lane);
}

TEST(ScaledSize, BringsTheShortSideToTheLanesAndTruncatesTheOther) {
  const PictureSize wide = size(320, 240, lane_2d());
  EXPECT_EQ(wide.width, 298);
  EXPECT_EQ(wide.height, 224);
  const PictureSize wide3d = size(320, 240, lane_3d());
  EXPECT_EQ(wide3d.width, 149);
  EXPECT_EQ(wide3d.height, 112);
  const PictureSize tall = size(240, 320, lane_2d());
  EXPECT_EQ(tall.width, 224);
  EXPECT_EQ(tall.height, 298);
}

TEST(ScaledSize, LeavesASquareSquare) {
  const PictureSize square = size(1, 1, lane_3d());
  EXPECT_EQ(square.width, 112);
  EXPECT_EQ(square.height, 112);
}

LaneOptions clip_lane() { return picture_lane("clip", Resize::ShortSide, 224, Preset::PillowBicubic, 224); }

TEST(ScaledSize, IsThatOfTorchvisionsAndHuggingFacesResize) {
  // (width, height) of torchvision.transforms.Resize(224) and transformers' get_resize_output_image_size:
  // the long side is int(224 * long / short).
  const int golden[][4] = {{1920, 1080, 398, 224}, {1280, 720, 398, 224},  {640, 360, 398, 224},
                           {640, 480, 298, 224},   {1080, 1920, 224, 398}, {854, 480, 398, 224},
                           {500, 333, 336, 224},   {225, 224, 225, 224},   {224, 224, 224, 224},
                           {3, 2, 336, 224},       {1, 7, 224, 1568}};
  for (const auto& [width, height, wide, high] : golden) {
    const PictureSize scaled = size(width, height, clip_lane());
    EXPECT_EQ(scaled.width, wide) << width << "x" << height;
    EXPECT_EQ(scaled.height, high) << width << "x" << height;
  }
}

TEST(ScaledSize, IsASquareWhereALaneSquashes) {
  const PictureSize square =
      size(1920, 1080, picture_lane("siglip", Resize::Squash, 256, Preset::PillowBicubic, 0));
  EXPECT_EQ(square.width, 256);
  EXPECT_EQ(square.height, 256);
}

TEST(ScaledSize, OfAStripEndsAtTheLargestNumber) {
  EXPECT_EQ(size(2'000'000, 1, lane_2d()).width, 448'000'000);
  EXPECT_EQ(size(200'000'000, 1, lane_2d()).width, std::numeric_limits<int>::max());
}

TEST(CropWindow, IsTheCentreAsTorchvisionRoundsIt) {
  // round((side - 224) / 2.0) of Python, which rounds a half to the even neighbour.
  const int golden[][2] = {{224, 0}, {225, 0},  {226, 1},  {227, 2},  {228, 2}, {229, 2},
                           {231, 4}, {298, 37}, {299, 38}, {336, 56}, {398, 87}};
  for (const auto& [side, begin] : golden) {
    EXPECT_EQ(crop_window({224, side}, clip_lane()).left, begin) << side;
    EXPECT_EQ(crop_window({side, 224}, clip_lane()).top, begin) << side;
  }
}

TEST(CropWindow, RoundsDownWithFfmpegsPresets) {
  EXPECT_EQ(crop_window({112, 115}, lane_3d()).left, 1);
  EXPECT_EQ(crop_window({112, 149}, lane_3d()).left, 18);
}

TEST(CropWindow, IsAllWithoutACrop) {
  const PictureWindow window = crop_window({224, 298}, lane_2d());
  EXPECT_EQ(window.left, 0);
  EXPECT_EQ(window.size.width, 298);
}

TEST(ScaleFilters, NameKernelAndCropOffsetsRoundedDown) {
  EXPECT_EQ(scale_filters(lane_2d(), {224, 298}), "scale=298:224:flags=bicubic");
  EXPECT_EQ(scale_filters(lane_3d(Preset::Howto100m2019), {112, 149}),
            "scale=149:112:flags=bilinear,crop=112:112:18:0");
}

DisplayMatrix rotated(double degrees, bool horizontal_flip = false) {
  DisplayMatrix matrix{};
  av_display_rotation_set(matrix.data(), degrees);
  if (horizontal_flip) av_display_matrix_flip(matrix.data(), 1, 0);
  return matrix;
}

TEST(Rotation, IsNoneWithoutAMatrixOrWithTheIdentity) {
  EXPECT_EQ(rotation_of(std::nullopt).filters, "");
  EXPECT_EQ(rotation_of(rotated(0)).filters, "");
}

TEST(Rotation, TurnsByQuartersAndSwapsTheSides) {
  const Rotation right = rotation_of(rotated(90));
  EXPECT_EQ(right.filters, "transpose=clock,");
  EXPECT_TRUE(right.swaps_sides);
  const Rotation left = rotation_of(rotated(-90));
  EXPECT_EQ(left.filters, "transpose=cclock,");
  EXPECT_TRUE(left.swaps_sides);
  const Rotation half = rotation_of(rotated(180));
  EXPECT_EQ(half.filters, "hflip,vflip,");
  EXPECT_FALSE(half.swaps_sides);
}

TEST(Rotation, TurnsByAnyAngleWithoutChangingTheSize) {
  const Rotation slant = rotation_of(rotated(30));
  EXPECT_EQ(slant.filters, "rotate=30.000000*PI/180,");
  EXPECT_FALSE(slant.swaps_sides);
}

TEST(Rotation, TakesAMatrixWithoutMeaningForNone) { EXPECT_EQ(rotation_of(DisplayMatrix{}).filters, ""); }

FrameHandle grey_frame(int width, int height, AVPixelFormat format) {
  FrameHandle frame{av_frame_alloc()};
  frame->width = width;
  frame->height = height;
  frame->format = format;
  EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
  for (int plane = 0; plane < 3; ++plane) {
    const int rows = plane == 0 ? height : (height + 1) / 2;
    std::fill_n(frame->data[plane], static_cast<std::ptrdiff_t>(rows) * frame->linesize[plane],
                std::uint8_t{128});
  }
  return frame;
}

class PictureConverterTest : public ::testing::Test {
 protected:
  PictureConverterTest()
      : format_(avformat_alloc_context()), stream_(avformat_new_stream(format_.get(), nullptr)) {
    stream_->time_base = {1, 25};
  }
  std::unique_ptr<PictureConverter> converter(const AVFrame& frame, const LaneOptions& lane,
                                              std::int64_t max_pixels = 1 << 24) {
    return make_picture_converter("a.mp4", frame, *stream_, lane, std::nullopt, max_pixels);
  }
  InputHandle format_;
  AVStream* stream_;
};

TEST_F(PictureConverterTest, GivesRgbOfTheLanesSize) {
  const FrameHandle frame = grey_frame(95, 63, AV_PIX_FMT_YUV420P);
  const FrameHandle picture = converter(*frame, lane_3d())->convert(*frame);
  EXPECT_EQ(picture->width, 112);
  EXPECT_EQ(picture->height, 112);
  EXPECT_EQ(picture->format, AV_PIX_FMT_RGB24);
  EXPECT_NEAR(picture->data[0][0], (128 - 16) * 255 / 219.0, 1.5);
}

TEST_F(PictureConverterTest, ResizesAsPillowFromTheFramesOwnSize) {
  const FrameHandle frame = grey_frame(95, 63, AV_PIX_FMT_YUV420P);
  const std::unique_ptr<PictureConverter> by_pillow = converter(*frame, clip_lane());
  EXPECT_EQ(by_pillow->target().width, 337);
  const FrameHandle picture = by_pillow->convert(*frame);
  EXPECT_EQ(picture->width, 224);
  EXPECT_EQ(picture->height, 224);
  EXPECT_EQ(picture->format, AV_PIX_FMT_RGB24);
  EXPECT_NEAR(picture->data[0][0], (128 - 16) * 255 / 219.0, 1.5);
  expect_error([&] { static_cast<void>(converter(*grey_frame(4, 4000, AV_PIX_FMT_YUV420P), clip_lane())); },
               Fault::Limit, "limit of pixels: 4x4000 scales to 224x224000");
}

TEST_F(PictureConverterTest, KeepsTheTargetOfAVideoThatChangesItsSize) {
  const FrameHandle frame = grey_frame(50, 40, AV_PIX_FMT_YUV420P);
  LaneOptions lane = clip_lane();
  lane.crop_px = 0;
  const FrameHandle picture =
      make_picture_converter("a.mp4", *frame, *stream_, lane, PictureSize{224, 298}, 1 << 24)
          ->convert(*frame);
  EXPECT_EQ(picture->width, 298);
  EXPECT_EQ(picture->height, 224);
}

TEST_F(PictureConverterTest, NoticesThatAFrameIsOfAnotherKind) {
  const FrameHandle frame = grey_frame(64, 48, AV_PIX_FMT_YUV420P);
  const std::unique_ptr<PictureConverter> small = converter(*frame, lane_2d());
  EXPECT_TRUE(small->fits(*frame));
  EXPECT_FALSE(small->fits(*grey_frame(48, 64, AV_PIX_FMT_YUV420P)));
  EXPECT_FALSE(small->fits(*grey_frame(64, 48, AV_PIX_FMT_YUV444P)));
}

TEST_F(PictureConverterTest, RefusesAStripThatWouldGrowBeyondTheLimit) {
  const FrameHandle frame = grey_frame(4, 4000, AV_PIX_FMT_YUV420P);
  expect_error([&] { static_cast<void>(converter(*frame, lane_2d())); }, Fault::Limit,
               "limit of pixels: 4x4000 scales to 224x224000");
}

}  // namespace
}  // namespace tvr

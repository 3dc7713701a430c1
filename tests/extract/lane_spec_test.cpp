#include "extract/lane_spec.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

std::string text_of(const LaneOptions& sampling, const std::string& model) {
  LaneSpec lane{sampling, {}};
  lane.network.model = model;
  return recipe_of(lane).text;
}

TEST(Recipe, OfALaneKeepsItsTextToTheByte) {
  EXPECT_EQ(text_of(lane_2d(), "resnet152"),
            R"({"clip_frames":1,"crop":0,"fps":1,"legacy_rotation":false,"model":"resnet152",)"
            R"("precision":"fp32","preset":"ffmpeg5","short_side":224,"version":1})");
  EXPECT_EQ(text_of(lane_3d(Preset::Howto100m2019), "resnext101"),
            R"({"clip_frames":16,"crop":112,"fps":24,"legacy_rotation":false,"model":"resnext101",)"
            R"("precision":"fp32","preset":"howto100m-2019","short_side":112,"version":1})");
}

TEST(Recipe, SaysHowPicturesAreResized) {
  const LaneOptions cut = picture_lane("clip", Resize::ShortSide, 336, Preset::PillowBicubic, 336);
  EXPECT_EQ(text_of(cut, "resnet152"),
            R"({"clip_frames":1,"crop":336,"fps":1,"legacy_rotation":false,"model":"resnet152",)"
            R"("precision":"fp32","preset":"pillow-bicubic","short_side":336,"version":1})");
  const LaneOptions squashed = picture_lane("siglip", Resize::Squash, 256, Preset::PillowBilinear, 0);
  EXPECT_EQ(
      text_of(squashed, "resnet152"),
      R"({"clip_frames":1,"crop":0,"fps":1,"legacy_rotation":false,"model":"resnet152",)"
      R"("precision":"fp32","preset":"pillow-bilinear","resize":"squash","short_side":256,"version":1})");
}

}  // namespace
}  // namespace tvr

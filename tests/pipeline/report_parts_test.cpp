#include <gtest/gtest.h>

#include "pipeline/svg.h"
#include "pipeline/thumbnail.h"

namespace tvr {
namespace {

TEST(Base64, EqualsTheExamplesOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Thumbnail, OfAFileThatIsNoVideoIsEmpty) { EXPECT_EQ(thumbnail_jpeg("/dev/null", {}), ""); }

TEST(Svg, EscapesWhatACaptionMayHold) {
  const std::string plot = line_plot("<script>\"x\"&'y'</script>", "x", {{"a", {{1, 2}, {2, 3}}}});
  EXPECT_EQ(plot.find("<script>"), std::string::npos);
  EXPECT_NE(plot.find("&lt;script&gt;&quot;x&quot;&amp;&#39;y&#39;"), std::string::npos);
}

TEST(Svg, DrawsTheEndsOfACurveAtTheEndsOfTheAxes) {
  const std::string plot = line_plot("t", "x", {{"a", {{0, 0}, {10, 5}}}});
  EXPECT_NE(plot.find("points=\"52.0,220.0 408.0,30.0 \""), std::string::npos) << plot;
}

TEST(Svg, OfNothingIsNothing) { EXPECT_EQ(line_plot("t", "x", {{"a", {}}}), ""); }

TEST(Svg, OfOnePointStillDraws) {
  EXPECT_NE(line_plot("t", "x", {{"a", {{1, 0}}}}).find("polyline"), std::string::npos);
}

}  // namespace
}  // namespace tvr

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "extract/media/thumbnail.h"
#include "pipeline/report/svg.h"

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

TEST(EscapeHtml, LeavesNothingThatHtmlGivesAMeaningTo) {
  EXPECT_EQ(escape_html("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
}

TEST(EscapeHtml, ReplacesControlCharactersAndBytesThatAreNoUtf8) {
  EXPECT_EQ(escape_html(std::string("a\0b\x1b[31m", 8)),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd[31m");
  EXPECT_EQ(escape_html("k\xc3\xbc\xff\xc3"), "k\xc3\xbc\xef\xbf\xbd\xef\xbf\xbd");
}

const PlotWords kHostile{"<script>\"x\"&'y'</script>", "<x>", "<y>"};

TEST(LinePlot, EscapesAllItsWords) {
  const std::string plot = line_plot(kHostile, {{"<a>", {{1, 2}, {2, 3}}}, {"<b>", {{1, 2}}}});
  EXPECT_EQ(plot.find("<script>"), std::string::npos);
  for (const char* tag : {"<x>", "<y>", "<a>", "<b>"}) EXPECT_EQ(plot.find(tag), std::string::npos) << tag;
  EXPECT_NE(plot.find("&lt;script&gt;&quot;x&quot;&amp;&#39;y&#39;"), std::string::npos);
}

TEST(LinePlot, DrawsTheEndsOfACurveAtTheEndsOfTheAxes) {
  const std::string plot = line_plot({"t", "x", "y"}, {{"a", {{0, 0}, {10, 5}}}});
  EXPECT_NE(plot.find("points=\"64.0,224.0 406.0,50.0 \""), std::string::npos) << plot;
}

TEST(LinePlot, PutsPowersOfTenAtEqualDistancesOnALogarithmicAxis) {
  const std::string plot =
      line_plot({"t", "x", "y"}, {{"a", {{1, 0}, {10, 1}, {100, 1}}}}, Scale::Logarithmic);
  EXPECT_NE(plot.find("64.0,224.0 235.0,50.0 406.0,50.0 "), std::string::npos) << plot;
}

TEST(LinePlot, TellsThoseWhoDoNotSeeItWhereTheCurvesBeginAndEnd) {
  const std::string plot = line_plot({"Loss", "epoch", "mean loss"}, {{"loss", {{1, 0.5}, {9, 0.25}}}});
  EXPECT_NE(
      plot.find(
          "role=\"img\"><title>Loss</title><desc>mean loss over epoch. loss: 0.5 at 1, 0.25 at 9.</desc>"),
      std::string::npos)
      << plot;
}

TEST(LinePlot, HasALegendForSeveralCurvesOnly) {
  EXPECT_EQ(line_plot({"t", "x", "y"}, {{"alone", {{1, 2}}}}).find(">alone<"), std::string::npos);
  EXPECT_NE(line_plot({"t", "x", "y"}, {{"one", {{1, 2}}}, {"two", {{1, 3}}}}).find(">two<"),
            std::string::npos);
}

TEST(LinePlot, OfNothingIsNothing) {
  EXPECT_EQ(line_plot({"t", "x", "y"}, {{"a", {}}}), "");
  EXPECT_EQ(line_plot({"t", "x", "y"}, {{"a", {{1, std::nan("")}}}}), "");
  EXPECT_EQ(line_plot({"t", "x", "y"}, {{"a", {{0, 1}}}}, Scale::Logarithmic), "");
}

TEST(LinePlot, OfOnePointStillDraws) {
  EXPECT_NE(line_plot({"t", "x", "y"}, {{"a", {{1, 0}}}}).find("<circle"), std::string::npos);
}

TEST(LinePlot, LeavesOutWhatIsNoNumber) {
  const std::string plot =
      line_plot({"t", "x", "y"}, {{"a", {{0, 0}, {1, std::nan("")}, {2, HUGE_VAL}, {10, 5}}}});
  EXPECT_NE(plot.find("points=\"64.0,224.0 406.0,50.0 \""), std::string::npos) << plot;
  EXPECT_EQ(plot.find("nan"), std::string::npos);
}

TEST(BarPlot, DrawsABarACategoryAndSeriesWithItsValue) {
  const std::string plot =
      bar_plot({"Ranks", "rank", "%"}, {"1", "<5"}, {{"t2v", {60, 40}}, {"v2t", {50, 50}}});
  EXPECT_NE(plot.find("<title>v2t, &lt;5: 50</title>"), std::string::npos) << plot;
  EXPECT_NE(plot.find("t2v: 1: 60, &lt;5: 40."), std::string::npos) << "the description";
}

}  // namespace
}  // namespace tvr

#include "data/subtitles/subtitles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/support/expect_error.h"
#include "tests/support/mutate.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::TempFolder;

constexpr const char* kSrt =
    "\xef\xbb\xbf"
    "1\r\n00:00:01,500 --> 00:00:04,000\r\nFirst <i>slice</i> the\r\nonions.\r\n\r\n"
    "2\r\n01:02:03,004 --> 01:02:05,000\r\n{\\an8}Then fry them\r\n";

constexpr const char* kVtt =
    "WEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nNOTE a remark\n\n"
    "intro\n00:01.000 --> 00:02.500 align:start position:0%\n<v Bob>Salt &amp; "
    "<00:00:01.500><c>pepper</c>\n\n"
    "00:00:03.000 --> 00:00:04.000\n&lt;b&gt; R&D\n";

TEST(Subtitles, OfSubRipAreTimesAndPlainText) {
  const TempFolder folder;
  const Narration cues = read_subtitles(testing::write_file(folder / "a.srt", kSrt));
  EXPECT_THAT(cues.text, ElementsAre("First slice the onions.", "Then fry them"));
  EXPECT_THAT(cues.start, ElementsAre(1.5, 3723.004));
  EXPECT_THAT(cues.end, ElementsAre(4, 3725));
}

TEST(Subtitles, OfWebVttAreItsCuesAlone) {
  const Narration cues = parse_subtitles("a.vtt", kVtt);
  EXPECT_THAT(cues.text, ElementsAre("Salt & pepper", "<b> R&D"));
  EXPECT_THAT(cues.start, ElementsAre(1, 3));
  EXPECT_THAT(cues.end, ElementsAre(2.5, 4));
}

TEST(Subtitles, OfHowTo100MAreACsv) {
  const TempFolder folder;
  const Narration cues =
      read_subtitles(testing::write_file(folder / "v.csv", "start,end,text\n1.5,3,\"slice, then fry\"\n"));
  EXPECT_THAT(cues.text, ElementsAre("slice, then fry"));
}

TEST(Subtitles, InAnOldEncodingAreReadAsLatin1) {
  const Narration cues = parse_subtitles("a.srt",
                                         "00:00:01,000 --> 00:00:02,000\ncr\xe8me br\xfbl\xe9"
                                         "e\n");
  EXPECT_THAT(cues.text, ElementsAre("cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
                                     "e"));
}

TEST(Subtitles, WithoutATimeArePassedOver) {
  const Narration cues = parse_subtitles("a.srt",
                                         "00:00:05,000 --> 00:00:04,000\nends before it starts\n\n"
                                         "now --> then\nno times\n\n"
                                         "99999999:00:00,000 --> 99999999:00:01,000\nbeyond any video\n\n"
                                         "00:00:01,000 --> 00:00:02,000\nsound\n");
  EXPECT_THAT(cues.text, ElementsAre("sound"));
}

TEST(Subtitles, ThatAreNoneAreAnError) {
  for (const char* const text : {"", "\n\n", "<html>not found</html>", "WEBVTT\n\nNOTE nothing\n"})
    expect_error([&] { (void)parse_subtitles("a.vtt", text); }, Fault::Corrupt, "no subtitle");
}

TEST(Subtitles, OfManyOpenTagsTakeNoTime) {
  const std::string tags(1 << 20, '<');
  const Narration cues = parse_subtitles("a.srt", "00:00:01,000 --> 00:00:02,000\n" + tags + "\n");
  EXPECT_EQ(cues.text.front().size(), tags.size());
}

TEST(Subtitles, ThatAreDamagedGiveCuesInOrderOrWords) {
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    try {
      const Narration cues = parse_subtitles("a", testing::mutate(i % 2 == 0 ? kSrt : kVtt, random));
      ASSERT_EQ(cues.start.size(), cues.text.size());
      for (std::size_t c = 0; c < cues.start.size(); ++c) EXPECT_LE(cues.start[c], cues.end[c]);
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
}

}  // namespace
}  // namespace tvr

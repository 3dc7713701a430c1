#include "pipeline/search/moments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::expect_error;
using ::testing::HasSubstr;

Micros ms(std::int64_t count) { return std::chrono::milliseconds(count); }

Moment moment(const std::string& id, const std::string& path, TimeSpan span, StatedRate rate) {
  return {{{id, path}, 0.25F, span, false, ms(60000)}, "a dog", rate};
}

const std::vector<Moment> kTwo = {
    moment("pika/0027", "/videos/pika/0027.mp4", {ms(30000), ms(40000)}, {30000, 1001}),
    moment("b", "/videos/a b\n#c,\xc3\xa4.mp4", {ms(1500), ms(4000)}, {25, 1})};

TEST(Moments, HaveClipsNamedByVideoAndTime) {
  EXPECT_EQ(clip_path("clips", kTwo[0].hit), "clips/pika/0027@30.0-40.0.mp4");
  EXPECT_EQ(clip_path("clips", kTwo[1].hit), "clips/b@1.5-4.0.mp4");
  SearchHit hit = kTwo[0].hit;
  for (const char* const id : {"../out", "/etc/x", "a/../../b"}) {
    hit.source.id = id;
    expect_error([&] { (void)clip_path("clips", hit); }, Fault::Corrupt, "video id");
  }
}

TEST(Moments, AreAPlaylistOfALineEach) {
  EXPECT_EQ(m3u_of(kTwo),
            "#EXTM3U\n"
            "#EXTINF:10,pika/0027 30.0-40.0 s\n"
            "#EXTVLCOPT:start-time=30.000\n"
            "#EXTVLCOPT:stop-time=40.000\n"
            "file:///videos/pika/0027.mp4\n"
            "#EXTINF:2,b 1.5-4.0 s\n"
            "#EXTVLCOPT:start-time=1.500\n"
            "#EXTVLCOPT:stop-time=4.000\n"
            "file:///videos/a%20b%0A%23c%2C%C3%A4.mp4\n");
}

TEST(Moments, AreATimelineInFramesOfEachVideo) {
  const auto timeline = nlohmann::json::parse(otio_of(kTwo));
  EXPECT_EQ(timeline["OTIO_SCHEMA"], "Timeline.1");
  const nlohmann::json& track = timeline["tracks"]["children"][0];
  EXPECT_EQ(track["kind"], "Video");
  ASSERT_EQ(track["children"].size(), 2U);
  const nlohmann::json& clip = track["children"][0];
  EXPECT_EQ(clip["media_reference"]["target_url"], "file:///videos/pika/0027.mp4");
  EXPECT_NEAR(clip["source_range"]["start_time"]["rate"].get<double>(), 29.97, 0.001);
  EXPECT_EQ(clip["source_range"]["start_time"]["value"], 899) << "30 s of 29.97 frames each";
  EXPECT_EQ(clip["source_range"]["duration"]["value"], 300);
  EXPECT_EQ(track["children"][1]["source_range"]["duration"]["value"], 62) << "from frame 38 to 100";
  EXPECT_EQ(clip["metadata"]["pipeline"]["sentence"], "a dog");
}

TEST(Moments, AreAnEditDecisionListAtTheFirstRate) {
  EXPECT_EQ(edl_of(kTwo),
            "TITLE: pipeline search\n"
            "FCM: NON-DROP FRAME\n"
            "\n"
            "001  AX       V     C        00:00:30:00 00:00:40:00 01:00:00:00 01:00:10:00\n"
            "* FROM CLIP NAME: pika/0027\n"
            "* SOURCE FILE: file:///videos/pika/0027.mp4\n"
            "\n"
            "002  AX       V     C        00:00:01:15 00:00:04:00 01:00:10:00 01:00:12:15\n"
            "* FROM CLIP NAME: b\n"
            "* SOURCE FILE: file:///videos/a%20b%0A%23c%2C%C3%A4.mp4\n");
  EXPECT_THAT(edl_of({}), HasSubstr("TITLE"));
}

}  // namespace
}  // namespace tvr

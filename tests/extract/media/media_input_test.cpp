#include "extract/media/media_input.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "data/text_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;
using testing::write_file;

void open(const std::filesystem::path& path, const DecodeLimits& limits = {}) {
  TimeBudget budget(limits.max_seconds);
  const TimeBudget::Running running(budget);
  MediaInput input(path, limits, budget);
}

class MediaInputTest : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, const std::string& bytes) {
    return write_file(folder_ / name, bytes);
  }
  TempFolder folder_;
};

TEST_F(MediaInputTest, SaysThatAFileIsNotThere) {
  expect_error([&] { open(folder_ / "none.mp4"); }, Fault::NotFound, "No such file");
}

TEST_F(MediaInputTest, TakesAUrlForTheNameOfAFile) {
  expect_error([] { open("http://127.0.0.1:9/a.mp4"); }, Fault::NotFound, "No such file");
  expect_error([] { open("concat:a.mp4|b.mp4"); }, Fault::NotFound, "No such file");
  expect_error([] { open("lavfi:testsrc"); }, Fault::NotFound, "No such file");
}

TEST_F(MediaInputTest, DoesNotWaitForAFifo) {
  const std::filesystem::path fifo = folder_ / "fifo.mp4";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  expect_error([&] { open(fifo); }, Fault::Unsupported, "not a regular file");
}

TEST_F(MediaInputTest, RefusesFoldersAndDevices) {
  expect_error([&] { open(folder_.path()); }, Fault::Unsupported, "is a directory");
  expect_error([] { open("/dev/zero"); }, Fault::Unsupported, "not a regular file");
}

TEST_F(MediaInputTest, NamesWhatIsNoMediaFile) {
  expect_error([&] { open(file("empty.mp4", "")); }, Fault::Corrupt, "not a media file: empty");
  expect_error([&] { open(file("page.mp4", "<!DOCTYPE html>\n<html><body>404</body></html>")); },
               Fault::Corrupt, "not a media file: an HTML page");
  expect_error([&] { open(file("noise.mp4", std::string(5000, '\x5a'))); }, Fault::Corrupt,
               "not a media file");
  expect_error([&] { open(file("text.txt", "just some words\n")); }, Fault::Corrupt, "not a media file");
}

TEST_F(MediaInputTest, OpensNothingThatAPlaylistNames) {
  testing::write_video(folder_ / "real.mkv", {"ffv1", 64, 48, testing::at_rate(25, 5)});
  expect_error([&] { open(file("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nreal.mkv\n")); },
               Fault::Unsupported, "forbidden format 'hls'");
  expect_error([&] { open(file("list.mp4", "ffconcat version 1.0\nfile real.mkv\n")); }, Fault::Unsupported,
               "forbidden format 'concat'");
  expect_error([&] { open(file("a.mp4", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")); },
               Fault::Unsupported, "forbidden format 'svg");
}

TEST_F(MediaInputTest, GivesUpWhenItsTimeIsSpent) {
  testing::write_video(folder_ / "a.mkv", {"ffv1", 64, 48, testing::at_rate(25, 5)});
  DecodeLimits limits;
  limits.max_seconds = 0;
  expect_error([&] { open(folder_ / "a.mkv", limits); }, Fault::Timeout, "s of processor time");
}

TEST_F(MediaInputTest, ReadsThePacketsOfTheVideoAndStops) {
  testing::write_video(folder_ / "a.mkv", {"ffv1", 64, 48, testing::at_rate(25, 5)});
  TimeBudget budget(60);
  const TimeBudget::Running running(budget);
  MediaInput input(folder_ / "a.mkv", {}, budget);
  const PacketHandle packet{av_packet_alloc()};
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(input.read(*packet));
    EXPECT_EQ(packet->stream_index, input.stream_index());
    av_packet_unref(packet.get());
  }
  EXPECT_FALSE(input.read(*packet));
  EXPECT_EQ(input.read_error(), "");
}

int codec_of(const std::filesystem::path& path) {
  TimeBudget budget(60);
  const TimeBudget::Running running(budget);
  return MediaInput(path, {}, budget).stream().codecpar->codec_id;
}

TEST_F(MediaInputTest, TakesTheFilmBehindAPictureThatIsNotFlaggedAsCover) {
  for (const std::string name : {"a.mp4", "a.mkv", "a.avi", "a.mov", "a.nut"}) {
    for (const std::string still : {"mjpeg", "mpeg4"}) {
      testing::TestVideo video{"mpeg4", 64, 48, testing::at_rate(25, 30)};
      video.still_codec = still;
      const std::filesystem::path path = folder_ / name;
      testing::write_video(path, video);
      TimeBudget budget(60);
      const TimeBudget::Running running(budget);
      MediaInput input(path, {}, budget);
      EXPECT_EQ(input.stream_index(), 1) << name << " " << still;
      int packets = 0;
      for (const PacketHandle packet{av_packet_alloc()}; input.read(*packet); av_packet_unref(packet.get()))
        ++packets;
      EXPECT_GE(packets, 29) << name << " " << still;
    }
  }
}

TEST_F(MediaInputTest, TakesThePictureOfAFileThatHasOnlyPictures) {
  testing::TestVideo video{"mpeg4", 64, 48, testing::at_rate(25, 1)};
  testing::write_video(folder_ / "one.mkv", video);
  EXPECT_EQ(codec_of(folder_ / "one.mkv"), AV_CODEC_ID_MPEG4);
  video.still_codec = "mjpeg";
  testing::write_video(folder_ / "two.mkv", video);
  EXPECT_EQ(codec_of(folder_ / "two.mkv"), AV_CODEC_ID_MJPEG);
}

TEST_F(MediaInputTest, RefusesWhatIsEncrypted) {
  testing::TestVideo video{"mpeg4", 64, 48, testing::at_rate(25, 30)};
  video.muxer_options =
      "encryption_scheme=cenc-aes-ctr:encryption_key=76a6c65c5ea762046bd749a2e632ccbb:"
      "encryption_kid=a7e61c373e219033c21091fa607bf3b8";
  testing::write_video(folder_ / "a.mp4", video);
  expect_error([&] { open(folder_ / "a.mp4"); }, Fault::Unsupported, "encrypted");

  // More boxes before the header than are looked at: then the packets say it.
  std::string bytes = read_text_file(folder_ / "a.mp4"), boxes;
  for (int i = 0; i <= 100'000; ++i)
    boxes += std::string{
        "\0\0\0\x08"
        "free",
        8};
  write_file(folder_ / "a.mp4", bytes.insert(bytes.rfind("moov") - 4, boxes));
  TimeBudget budget(60);
  const TimeBudget::Running running(budget);
  MediaInput input(folder_ / "a.mp4", {}, budget);
  const PacketHandle packet{av_packet_alloc()};
  expect_error([&] { (void)input.read(*packet); }, Fault::Unsupported, "encrypted");
}

/// Replaces each `word` in a file.
void rename_all(const std::filesystem::path& path, const std::string& word, const std::string& by) {
  std::string bytes = read_text_file(path);
  for (std::size_t at = bytes.find(word); at != std::string::npos; at = bytes.find(word, at + 1))
    bytes.replace(at, word.size(), by);
  write_file(path, bytes);
}

TEST_F(MediaInputTest, RefusesAnEncryptedMp4WhosePacketsDoNotSaySo) {
  testing::TestVideo video{"mpeg4", 64, 48, testing::at_rate(25, 30)};
  video.muxer_options =
      "encryption_scheme=cenc-aes-ctr:encryption_key=76a6c65c5ea762046bd749a2e632ccbb:"
      "encryption_kid=a7e61c373e219033c21091fa607bf3b8";
  testing::write_video(folder_ / "a.mp4", video);
  for (const char* box : {"senc", "saio", "saiz"}) rename_all(folder_ / "a.mp4", box, "free");
  expect_error([&] { open(folder_ / "a.mp4"); }, Fault::Unsupported, "encrypted");
}

TEST_F(MediaInputTest, RefusesAScrambledTransportStreamAndNoOther) {
  const std::filesystem::path path = folder_ / "a.ts";
  testing::write_video(path, {"mpeg2video", 64, 48, testing::at_rate(25, 60)});
  EXPECT_EQ(codec_of(path), AV_CODEC_ID_MPEG2VIDEO);
  std::string bytes = read_text_file(path);
  for (std::size_t at = 0; at + 188 <= bytes.size(); at += 188) {
    if (bytes[at + 1] % 32 == 1 && bytes[at + 2] == '\0') bytes[at + 3] |= '\x80';  // PID 256
  }
  write_file(path, bytes);
  expect_error([&] { open(path); }, Fault::Unsupported, "encrypted");
}

TEST_F(MediaInputTest, RefusesAnAsfWithRightsManagementAndNoOther) {
  const std::filesystem::path path = folder_ / "a.asf";
  testing::write_video(path, {"mpeg4", 64, 48, testing::at_rate(25, 30)});
  EXPECT_EQ(codec_of(path), AV_CODEC_ID_MPEG4);
  std::string bytes = read_text_file(path);
  const std::string object{
      "\xfb\xb3\x11\x22\x23\xbd\xd2\x11\xb4\xb7\x00\xa0\xc9\x55\xfc\x6e\x28\0\0\0\0\0\0\0"
      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
      40};
  bytes.insert(30, object);
  std::uint64_t size = 0;
  std::memcpy(&size, bytes.data() + 16, sizeof size);
  size += object.size();
  std::memcpy(bytes.data() + 16, &size, sizeof size);
  ++bytes[24];  // one object more
  write_file(path, bytes);
  expect_error([&] { open(path); }, Fault::Unsupported, "encrypted");
}

TEST_F(MediaInputTest, LeavesLibavSilent) {
  const auto headless = file("headless.mp4", std::string("\0\0\0\x14"
                                                         "ftypisom\0\0\0\0isom",
                                                         20));
  ::testing::internal::CaptureStderr();  // libav would say: moov atom not found
  expect_error([&] { open(headless); }, Fault::Corrupt, "not a media file");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace tvr

#include "extract/decoding/decoder_host.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "data/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using Give = std::function<void(const Clip&)>;
using Lanes = std::vector<std::size_t>;
using testing::expect_error;

bool never() { return false; }

Clip clip_of(std::int64_t index) {
  Clip clip{1, index, 2, 3, 4, {}, {Micros{index}, Micros{index + 1}}};
  clip.rgb.assign(2 * 3 * 4 * 3, static_cast<std::uint8_t>(index));
  return clip;
}

/// A Decode whose behaviour the path names.
DecodeSummary behave(const std::filesystem::path& path, const Lanes& lanes, const Give& give) {
  give(clip_of(7));
  if (path == "crash") std::raise(SIGSEGV);
  if (path == "killed") std::raise(SIGKILL);
  if (path == "refuse") throw Error(Fault::Unsupported, path.string(), "no video stream (audio)", "none");
  if (path == "spin") {
    for (volatile bool on = true; on;) {
    }
  }
  if (path == "wait") std::this_thread::sleep_for(std::chrono::hours(1));
  if (path == "hoard") {
    std::vector<std::vector<char>> hoard;
    while (hoard.size() < 4096) hoard.emplace_back(1 << 20, 'x');
  }
  return {false, "words", 11, 12, 1.5, lanes.size() == 2};
}

DecodeLimits tight() {
  DecodeLimits limits;
  limits.max_seconds = 1;
  limits.max_memory_bytes = 64 << 20;
  return limits;
}

/// Reads the clip that every behaviour gives first.
std::unique_ptr<VideoClips> after_one_clip(DecoderHost& host, const std::string& behaviour) {
  std::unique_ptr<VideoClips> stream = host.open(behaviour, {0, 1});
  EXPECT_TRUE(stream->next(never));
  return stream;
}

TEST(DecoderHost, HandsOnClipsAndHowTheVideoEnded) {
  DecoderHost host(behave, tight());
  const std::unique_ptr<VideoClips> stream = host.open("fine", {0, 1});
  const std::optional<Clip> clip = stream->next(never);
  ASSERT_TRUE(clip);
  const Clip wanted = clip_of(7);
  EXPECT_EQ(clip->lane, wanted.lane);
  EXPECT_EQ(clip->index, wanted.index);
  EXPECT_EQ(clip->frames, wanted.frames);
  EXPECT_EQ(clip->height, wanted.height);
  EXPECT_EQ(clip->width, wanted.width);
  EXPECT_EQ(clip->rgb, wanted.rgb);
  EXPECT_EQ(clip->span, wanted.span);
  EXPECT_FALSE(stream->next(never));
  const DecodeSummary& summary = stream->summary();
  EXPECT_FALSE(summary.complete);
  EXPECT_EQ(summary.message, "words");
  EXPECT_EQ(summary.decoded_frames, 11);
  EXPECT_EQ(summary.expected_frames, 12);
  EXPECT_EQ(summary.duration_s, 1.5);
  EXPECT_TRUE(summary.first_frame_only) << "two lanes were asked for";
}

TEST(DecoderHost, PassesAnErrorOnWithItsWords) {
  DecoderHost host(behave, tight());
  const std::unique_ptr<VideoClips> stream = after_one_clip(host, "refuse");
  expect_error([&] { (void)stream->next(never); }, Fault::Unsupported, "no video stream (audio)");
}

TEST(DecoderHost, OutlivesADecoderThatCrashes) {
  DecoderHost host(behave, tight());
  const std::unique_ptr<VideoClips> stream = after_one_clip(host, "crash");
  expect_error([&] { (void)stream->next(never); }, Fault::Unreadable,
               testing::kSanitized ? "its decoder" : "its decoder crashed: Segmentation fault");
  const std::unique_ptr<VideoClips> killed = after_one_clip(host, "killed");
  expect_error([&] { (void)killed->next(never); }, Fault::Unreadable, "its decoder crashed: Killed");
  EXPECT_FALSE(after_one_clip(host, "fine")->next(never)) << "the next video is decoded";
}

TEST(DecoderHost, EndsADecoderThatSpins) {
  DecoderHost host(behave, tight());
  const std::unique_ptr<VideoClips> stream = after_one_clip(host, "spin");
  expect_error([&] { (void)stream->next(never); }, Fault::Timeout, "longer than allowed");
}

TEST(DecoderHost, HoldsADecoderToItsMemory) {
  if (testing::kSanitized) GTEST_SKIP() << "AddressSanitizer has memory of its own";
  DecoderHost host(behave, tight());
  const std::unique_ptr<VideoClips> stream = after_one_clip(host, "hoard");
  expect_error([&] { (void)stream->next(never); }, Fault::Limit, "limit of memory");
}

TEST(DecoderHost, StopsWaitingWhenAsked) {
  DecoderHost host(behave, tight());
  const std::unique_ptr<VideoClips> stream = after_one_clip(host, "wait");
  expect_error([&] { (void)stream->next([] { return true; }); }, Fault::Interrupted, "stopped");
}

TEST(DecoderHost, GivesTheClipsOfAClipStream) {
  const testing::TempFolder folder;
  const std::filesystem::path path = folder / "a b\nc\xff.mkv";
  testing::write_video(folder / "a.mkv", {"ffv1", 64, 48, testing::at_rate(25, 60)});
  std::filesystem::rename(folder / "a.mkv", path);
  DecoderHost host(decode_by({lane_2d(), lane_3d()}, {}), {});
  const std::unique_ptr<VideoClips> stream = host.open(path, {1});
  ClipStream direct(path, {lane_3d()});
  while (const std::optional<Clip> wanted = direct.next()) {
    const std::optional<Clip> clip = stream->next(never);
    ASSERT_TRUE(clip);
    EXPECT_EQ(clip->rgb, wanted->rgb);
    EXPECT_EQ(clip->span, wanted->span);
  }
  EXPECT_FALSE(stream->next(never));
  EXPECT_EQ(stream->summary().decoded_frames, 60);
  const std::unique_ptr<VideoClips> none = host.open(folder / "none.mkv", {0});
  expect_error([&] { (void)none->next(never); }, Fault::NotFound, "No such file");
}

TEST(DecoderHost, ServesManyThreads) {
  DecoderHost host(behave, tight());
  std::vector<std::thread> threads;
  std::atomic<int> served{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) {
        const std::unique_ptr<VideoClips> stream = host.open("fine", {0});
        if (stream->next(never) && !stream->next(never)) ++served;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, 20);
}

}  // namespace
}  // namespace tvr

#include "extract/decoding/decoder_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include "data/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using Give = std::function<void(const Clip&)>;
using Lanes = std::vector<std::size_t>;
using ::testing::ElementsAre;
using testing::expect_error;

bool never() { return false; }

Clip clip_of(std::int64_t index) {
  Clip clip{1, index, 2, 3, 4, {}, {Micros{index}, Micros{index + 1}}};
  clip.rgb().assign(2 * 3 * 4 * 3, static_cast<std::uint8_t>(index));
  return clip;
}

constexpr std::int64_t kClips = 6;

/// Gives kClips clips of lane 1. `path` is a file which gets a byte for every decoder that comes; its name,
/// "killed-4", "crash-1" or "sent11-4", says what befalls the first of them, each after one more clip; the
/// last one: another process sends them signal 11.
DecodeSummary suffer(const std::filesystem::path& path, const Lanes& lanes, const Give& give) {
  std::ofstream(path, std::ios::app) << '.';
  const auto came = static_cast<std::int64_t>(std::filesystem::file_size(path));
  const std::string name = path.filename().string();
  const bool suffers = came <= std::stoll(name.substr(name.find('-') + 1));
  for (std::int64_t index = 0; index < kClips; ++index) {
    if (suffers && index == came) {
      if (name.rfind("killed", 0) == 0) std::raise(SIGKILL);
      if (name.rfind("crash", 0) == 0) std::raise(SIGABRT);
      if (name.rfind("sent", 0) == 0 && ::fork() == 0) {
        ::kill(::getppid(), std::stoi(name.substr(4)));
        ::_exit(0);
      }
      std::this_thread::sleep_for(std::chrono::hours(1));
    }
    give(clip_of(index));
  }
  return {true, "", kClips, kClips, 1.5, lanes.size() == 2};
}

/// Kills the process that starts decoders: the only child of this one.
void kill_the_helper() {
  pid_t helper = 0;
  std::ifstream("/proc/self/task/" + std::to_string(::gettid()) + "/children") >> helper;
  ASSERT_GT(helper, 0);
  ::kill(helper, SIGKILL);
}

std::vector<std::int64_t> indices(VideoClips& clips) {
  std::vector<std::int64_t> seen;
  while (const std::optional<Clip> clip = clips.next(never)) seen.push_back(clip->index);
  return seen;
}

/// A Decode whose behaviour the path names.
DecodeSummary behave(const std::filesystem::path& path, const Lanes& lanes, const Give& give) {
  give(clip_of(7));
  if (path == "crash") std::raise(SIGABRT);
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
  std::unique_ptr<VideoClips> stream = host.open(behaviour, {0, 1}, {0, 0});
  EXPECT_TRUE(stream->next(never));
  return stream;
}

TEST(DecoderHost, HandsOnClipsAndHowTheVideoEnded) {
  DecoderHost host(behave, tight());
  const std::unique_ptr<VideoClips> stream = host.open("fine", {0, 1}, {0, 0});
  const std::optional<Clip> clip = stream->next(never);
  ASSERT_TRUE(clip);
  const Clip wanted = clip_of(7);
  EXPECT_EQ(clip->lane, wanted.lane);
  EXPECT_EQ(clip->index, wanted.index);
  EXPECT_EQ(clip->frames, wanted.frames);
  EXPECT_EQ(clip->height, wanted.height);
  EXPECT_EQ(clip->width, wanted.width);
  EXPECT_EQ(clip->rgb(), wanted.rgb());
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
  expect_error([&] { (void)indices(*stream); }, Fault::Unsupported, "its decoder crashed: Aborted");
  EXPECT_FALSE(after_one_clip(host, "fine")->next(never)) << "the next video is decoded";
}

TEST(DecoderHost, BelievesNoCrashThatDoesNotHappenAgain) {
  const testing::TempFolder folder;
  DecoderHost host(suffer, {});
  EXPECT_THAT(indices(*host.open(folder / "crash-1", {0, 1}, {0, 0})), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(DecoderHost, KnowsACrashFromASignalThatAnotherProcessHasSent) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGXCPU, SIGTERM}) {
    const testing::TempFolder folder;
    DecoderHost host(suffer, {});
    const auto path = folder / ("sent" + std::to_string(signal) + "-4");
    EXPECT_THAT(indices(*host.open(path, {0, 1}, {0, 0})), ElementsAre(0, 1, 2, 3, 4, 5)) << signal;
  }
}

TEST(DecoderHost, GoesOnWithTheNextClipWhenADecoderIsKilled) {
  const testing::TempFolder folder;
  DecoderHost host(suffer, {});
  const std::unique_ptr<VideoClips> clips = host.open(folder / "killed-4", {0, 1}, {0, 0});
  EXPECT_THAT(indices(*clips), ElementsAre(0, 1, 2, 3, 4, 5)) << "four decoders were killed";
  EXPECT_EQ(clips->summary().decoded_frames, kClips);
  EXPECT_TRUE(clips->summary().complete);
}

TEST(DecoderHost, TakesAVideoWhoseDecodersAreAlwaysKilledForAFailureOfTheMachine) {
  const testing::TempFolder folder;
  DecoderHost host(
      [](const auto&, const auto&, const auto&) -> DecodeSummary {
        ::raise(SIGKILL);
        return {};
      },
      {});
  const std::unique_ptr<VideoClips> clips = host.open("v", {0}, {0});
  expect_error([&] { (void)clips->next(never); }, Fault::Machine, "ended from outside (Killed) 6 times");
}

TEST(DecoderHost, StartsDecodersAgainWhenTheProcessThatDoesSoIsKilled) {
  const testing::TempFolder folder;
  DecoderHost host(suffer, {});
  const std::unique_ptr<VideoClips> clips = host.open(folder / "sleeps-1", {0, 1}, {0, 0});
  EXPECT_EQ(clips->next(never)->index, 0);
  kill_the_helper();
  EXPECT_THAT(indices(*clips), ElementsAre(1, 2, 3, 4, 5));
  kill_the_helper();
  EXPECT_EQ(indices(*host.open(folder / "fine-0", {0, 1}, {0, 0})).size(), kClips);
}

TEST(DecoderHost, SaysWhenThereIsNoDescriptorLeft) {
  const testing::ChildReport report = testing::in_child([] {
    DecoderHost host(suffer, {});
    const rlimit none{3, 3};
    ::setrlimit(RLIMIT_NOFILE, &none);
    try {
      (void)host.open("v", {0}, {0})->next(never);
    } catch (const Error& error) {
      return std::string(name(error.fault())) + ": " + error.seen();
    }
    return std::string("no error");
  });
  EXPECT_EQ(report.text, "machine: cannot create a pipe: Too many open files");
}

TEST(DecoderHost, LeavesOutTheClipsBeforeTheFirstWanted) {
  const testing::TempFolder folder;
  DecoderHost host(suffer, {});
  EXPECT_THAT(indices(*host.open(folder / "fine-0", {0, 1}, {0, 4})), ElementsAre(4, 5));
  EXPECT_THAT(indices(*host.open(folder / "fine-0", {0, 1}, {0, 6})), ElementsAre());
}

TEST(DecoderHost, EndsADecoderThatSpins) {
  DecoderHost host(behave, tight());
  const std::unique_ptr<VideoClips> stream = after_one_clip(host, "spin");
  expect_error([&] { (void)stream->next(never); }, Fault::Timeout,
               "s of processor time, 1 s are allowed, within");
}

TEST(DecoderHost, HoldsADecoderToItsMemory) {
  if (testing::kSanitized) GTEST_SKIP() << "AddressSanitizer has memory of its own";
  DecoderHost host(behave, tight());
  const std::unique_ptr<VideoClips> stream = after_one_clip(host, "hoard");
  expect_error([&] { (void)stream->next(never); }, Fault::Limit, "limit of memory");
}

TEST(DecoderHost, GivesUpADecoderThatGivesNothingAndGoesOnWithTheNextVideo) {
  const testing::TempFolder folder;
  DecodeLimits limits;
  limits.max_seconds = 0.01;
  DecoderHost host(suffer, limits, std::chrono::seconds(1));
  const auto clips = host.open(folder / "stuck-1", {0, 1}, {0, 0});
  EXPECT_EQ(clips->next(never)->index, 0);
  expect_error([&] { (void)clips->next(never); }, Fault::Unreadable, "its decoder has given nothing for 1 s");
  EXPECT_EQ(indices(*host.open(folder / "sound-0", {0, 1}, {0, 0})).size(), static_cast<std::size_t>(kClips));
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
  const std::unique_ptr<VideoClips> stream = host.open(path, {1}, {0});
  ClipStream direct(path, {lane_3d()});
  while (const std::optional<Clip> wanted = direct.next()) {
    const std::optional<Clip> clip = stream->next(never);
    ASSERT_TRUE(clip);
    EXPECT_EQ(clip->rgb(), wanted->rgb());
    EXPECT_EQ(clip->span, wanted->span);
  }
  EXPECT_FALSE(stream->next(never));
  EXPECT_EQ(stream->summary().decoded_frames, 60);
  const std::unique_ptr<VideoClips> none = host.open(folder / "none.mkv", {0}, {0});
  expect_error([&] { (void)none->next(never); }, Fault::NotFound, "No such file");
}

TEST(DecoderHost, ServesManyThreads) {
  DecoderHost host(behave, tight());
  std::vector<std::thread> threads;
  std::atomic<int> served{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) {
        const std::unique_ptr<VideoClips> stream = host.open("fine", {0, 1}, {0, 0});
        if (stream->next(never) && !stream->next(never)) ++served;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, 20);
}

}  // namespace
}  // namespace tvr

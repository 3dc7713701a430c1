#include "pipeline/commands/frames_command.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "extract/media/clip_stream.h"
#include "pipeline/commands/exit_code.h"
#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::at_rate;
using ::testing::HasSubstr;
using testing::TempFolder;

/// Sends standard output into a file while it lives.
class OutputInto {
 public:
  explicit OutputInto(const std::filesystem::path& path) : saved_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDOUT_FILENO);
    close(file);
  }
  ~OutputInto() {
    std::fflush(stdout);
    dup2(saved_, STDOUT_FILENO);
    close(saved_);
  }

 private:
  int saved_;
};

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class FramesCommandTest : public ::testing::Test {
 protected:
  FramesCommandTest() {
    options_.video = folder_ / "a.mkv";
    testing::write_video(options_.video, {"ffv1", 64, 48, at_rate(25, 60)});
  }

  std::string lane_bytes() const {
    ClipStream stream(options_.video, {options_.lane == "3d" ? lane_3d() : lane_2d()});
    std::string bytes;
    while (const std::optional<Clip> clip = stream.next())
      bytes.append(clip->rgb().begin(), clip->rgb().end());
    return bytes;
  }

  TempFolder folder_;
  FramesOptions options_;
};

TEST_F(FramesCommandTest, WritesTheLanesBytesToStandardOutput) {
  for (const std::string lane : {"2d", "3d"}) {
    options_.lane = lane;
    const std::filesystem::path raw = folder_ / (lane + ".rgb");
    {
      const OutputInto redirected(raw);
      EXPECT_EQ(run_frames(options_), kDone);
    }
    EXPECT_FALSE(lane_bytes().empty());
    EXPECT_EQ(bytes_of(raw), lane_bytes());
  }
}

TEST_F(FramesCommandTest, WritesNoRawPicturesToATerminal) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_TRUE(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
  {
    const OutputInto output(ptsname(terminal));
    testing::expect_error([&] { (void)run_frames(options_); }, Fault::InvalidArgument,
                          "not written to a terminal");
  }
  close(terminal);
}

TEST_F(FramesCommandTest, SaysThatStandardOutputHasNoRoom) {
  const testing::ChildReport report = testing::in_child([&]() -> std::string {
    const OutputInto full("/dev/full");
    try {
      return std::to_string(run_frames(options_));
    } catch (const Error& error) {
      return error.what();
    }
  });
  EXPECT_THAT(report.text, HasSubstr("standard output: cannot be written: no room on the disk"));
}

TEST_F(FramesCommandTest, WritesPngFilesOfTheSamePixels) {
  options_.png = folder_ / "png";
  EXPECT_EQ(run_frames(options_), kDone);
  std::string pixels;
  for (const char* const name : {"000000.png", "000001.png"}) {
    const cv::Mat picture = cv::imread((options_.png / name).string(), cv::IMREAD_COLOR);
    ASSERT_EQ(picture.rows, 224);
    ASSERT_EQ(picture.cols, 298);
    for (int y = 0; y < picture.rows; ++y) {
      for (int x = 0; x < picture.cols; ++x) {
        const auto& bgr = picture.at<cv::Vec3b>(y, x);
        for (int channel = 2; channel >= 0; --channel) pixels += static_cast<char>(bgr[channel]);
      }
    }
  }
  EXPECT_EQ(pixels, lane_bytes());
}

TEST_F(FramesCommandTest, LeavesNoCutPngOnAFullDisk) {
  options_.png = folder_ / "png";
  std::filesystem::create_directory(options_.png);
  testing::write_file(options_.png / "000000.png", "of before");
  const testing::ChildReport report = testing::in_child([&]() -> std::string {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{500, 500};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      return std::to_string(run_frames(options_));
    } catch (const Error& error) {
      return error.what();
    }
  });
  EXPECT_THAT(report.text, HasSubstr("000000.png"));
  EXPECT_EQ(bytes_of(options_.png / "000000.png"), "of before");
  const std::filesystem::directory_iterator files(options_.png);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(FramesCommandTest, TellsADamagedFileByItsExitCode) {
  const std::string whole = bytes_of(options_.video);
  testing::write_file(options_.video, whole.substr(0, whole.size() / 2));
  options_.png = folder_ / "png";
  EXPECT_EQ(run_frames(options_), kSomeVideosFailed);
}

TEST_F(FramesCommandTest, SaysThatAFileIsNotThere) {
  options_.video = folder_ / "none.mp4";
  testing::expect_error([&] { static_cast<void>(run_frames(options_)); }, Fault::NotFound, "none.mp4");
}

TEST_F(FramesCommandTest, FindsItselfEqualToTheFfmpegProgram) {
  if (std::system("ffmpeg -version > /dev/null 2>&1") != 0) GTEST_SKIP() << "needs the ffmpeg program";
  options_.check = true;
  const std::filesystem::path report = folder_ / "report";
  {
    const OutputInto redirected(report);
    EXPECT_EQ(run_frames(options_), kDone);
  }
  EXPECT_THAT(bytes_of(report), HasSubstr("  2d    equal        2         2          0"));
  EXPECT_THAT(bytes_of(report), HasSubstr("  3d    equal       58        58          0"));
}

TEST_F(FramesCommandTest, ComparesAFolderAndTellsWhatItRefuses) {
  if (std::system("ffmpeg -version > /dev/null 2>&1") != 0) GTEST_SKIP() << "needs the ffmpeg program";
  testing::write_file(folder_ / "sub/b.mp4", "no video");
  options_.video = folder_.path();
  options_.check = options_.json = true;
  const std::filesystem::path report = folder_ / "report";
  {
    const OutputInto redirected(report);
    EXPECT_EQ(run_frames(options_), kSomeVideosFailed);
  }
  const auto list = nlohmann::json::parse(bytes_of(report));
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0]["result"], "equal");
  EXPECT_EQ(list[0]["frames"], 2);
  EXPECT_EQ(list[0]["filters"], "[0:0]fps=1,scale=298:224:flags=bicubic");
  EXPECT_EQ(list[3]["result"], "refused");
  EXPECT_THAT(list[3]["message"].get<std::string>(), HasSubstr("not a media file"));
}

/// Its exit code where `script` stands in for the ffmpeg program; what it prints in `report`.
int check_against(const std::string& script, FramesOptions options, const std::filesystem::path& report) {
  const std::filesystem::path fake =
      testing::write_file(report.parent_path() / "bin/ffmpeg", "#!/bin/sh\n" + script + "\n");
  std::filesystem::permissions(fake, std::filesystem::perms::owner_all);
  const std::string path = std::getenv("PATH");
  setenv("PATH", (fake.parent_path().string() + ":" + path).c_str(), 1);
  options.check = true;
  options.lane = "2d";
  const OutputInto redirected(report);
  const int code = run_frames(options);
  setenv("PATH", path.c_str(), 1);
  return code;
}

TEST_F(FramesCommandTest, NoticesAnFfmpegProgramThatGivesOtherFrames) {
  // The right number of bytes, all the same.
  const std::string zeros = "head -c " + std::to_string(lane_bytes().size()) + " /dev/zero";
  EXPECT_EQ(check_against(zeros, options_, folder_ / "report"), kFailed);
  EXPECT_THAT(bytes_of(folder_ / "report"), HasSubstr("  DIFFERS       2         2          2"));
}

TEST_F(FramesCommandTest, CallsNothingDifferentWhereNoFrameDiffers) {
  testing::write_file(folder_ / "ours.rgb", lane_bytes());
  const std::string ours = "cat '" + (folder_ / "ours.rgb").string() + "'";
  EXPECT_EQ(check_against(ours + "; exit 69", options_, folder_ / "report"), kDone);
  EXPECT_THAT(bytes_of(folder_ / "report"),
              HasSubstr("  equal        2         2          0  ffmpeg exited with status 69"));
  EXPECT_EQ(check_against(ours + "; head -c " + std::to_string(lane_bytes().size()) + " /dev/zero", options_,
                          folder_ / "report"),
            kFailed);
  EXPECT_THAT(bytes_of(folder_ / "report"),
              HasSubstr("  DIFFERS       2         4          2  ffmpeg has 2 more frames"));
}

TEST_F(FramesCommandTest, FindsNothingEqualInAFolderWithoutVideos) {
  options_.video = folder_ / "none";
  std::filesystem::create_directory(options_.video);
  options_.check = true;
  testing::expect_error([&] { static_cast<void>(run_frames(options_)); }, Fault::NotFound,
                        "no video files there");
}

}  // namespace
}  // namespace tvr

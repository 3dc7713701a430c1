#include "extract/gpu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "extract/media/clip_stream.h"
#include "extract/networks/backbone.h"
#include "tests/support/cosine.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

/// On a machine without a GPU these tests say so; what the device computes is compared on the host by
/// scale_plan_test and torch_network_test, everywhere.
class Gpu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (gpu_count() == 0) GTEST_SKIP() << missing_for_gpu();
  }
};

/// Three seconds of H.264: small ones are decoded on the processor, large ones by NVDEC.
std::filesystem::path video_in(const testing::TempFolder& folder, int width = 320, int height = 240) {
  testing::TestVideo video;
  video.codec = "libx264";
  video.width = width;
  video.height = height;
  video.pts_ms = testing::at_rate(25, 75);
  video.left_half_black = true;
  const std::filesystem::path path = folder.path() / "a.mp4";
  testing::write_video(path, video);
  return path;
}

/// Three parts of two seconds, one after the other in a transport stream; the GPU does not scale the middle
/// one.
std::filesystem::path changing_video_in(const testing::TempFolder& folder) {
  const std::filesystem::path whole = folder.path() / "whole.ts";
  std::ofstream out(whole, std::ios::binary);
  for (int part = 0; part < 3; ++part) {
    testing::TestVideo video;
    video.codec = "libx264";
    video.pixel_format = part == 1 ? "yuv444p" : "yuv420p";
    video.width = 320;
    video.height = 240;
    video.pts_ms = testing::at_rate(25, 50, 2000 * part);
    video.left_half_black = true;
    const std::filesystem::path path = folder.path() / (std::to_string(part) + ".ts");
    testing::write_video(path, video);
    out << std::ifstream(path, std::ios::binary).rdbuf();
  }
  return whole;
}

std::vector<Clip> clips_of(const std::filesystem::path& video, Preset preset) {
  ClipStream stream(video, {lane_2d(preset), lane_3d(preset)});
  std::vector<Clip> clips;
  while (std::optional<Clip> clip = stream.next()) clips.push_back(std::move(*clip));
  return clips;
}

/// The clips of both lanes; returns how many were scaled on the GPU.
std::size_t expect_the_clips_of_the_cpu(const std::filesystem::path& video) {
  const std::vector<Clip> wanted = clips_of(video, Preset::Ffmpeg5);
  const std::vector<Clip> seen = clips_of(video, Preset::Ffmpeg5Gpu);
  EXPECT_EQ(seen.size(), wanted.size());
  std::size_t on_gpu = 0;
  for (std::size_t c = 0; c < std::min(seen.size(), wanted.size()); ++c) {
    if (std::holds_alternative<GpuFrames>(seen[c].pixels)) ++on_gpu;
    const Clip clip = to_host(seen[c]);
    EXPECT_EQ(clip.frames, wanted[c].frames);
    if (clip.rgb().size() != wanted[c].rgb().size()) {
      ADD_FAILURE() << "clip " << c << " has " << clip.rgb().size() << " bytes, not "
                    << wanted[c].rgb().size();
      continue;
    }
    std::size_t far_off = 0;
    for (std::size_t i = 0; i < clip.rgb().size(); ++i) {
      if (std::abs(clip.rgb()[i] - wanted[c].rgb()[i]) > 2) ++far_off;
    }
    EXPECT_LE(far_off, clip.rgb().size() / 1000) << "clip " << c;
  }
  return on_gpu;
}

TEST_F(Gpu, GivesTheClipsOfTheCpuWithinTwoLevelsWhereTheCpuDecodes) {
  const testing::TempFolder folder;
  EXPECT_EQ(expect_the_clips_of_the_cpu(video_in(folder)), 8);
}

TEST_F(Gpu, GivesTheClipsOfTheCpuWithinTwoLevelsWhereNvdecDecodes) {
  const testing::TempFolder folder;
  EXPECT_EQ(expect_the_clips_of_the_cpu(video_in(folder, 1280, 720)), 8);
}

TEST_F(Gpu, GivesTheClipsOfTheCpuWhereAVideoBecomesOneThatItDoesNotScale) {
  const testing::TempFolder folder;
  EXPECT_GT(expect_the_clips_of_the_cpu(changing_video_in(folder)), 0);
}

TEST_F(Gpu, GivesTheRowsOfTheCpuOnEqualFrames) {
  const testing::TempFolder folder;
  const std::vector<Clip> clips = clips_of(video_in(folder), Preset::Ffmpeg5);
  for (const auto& [model, lane] : {std::pair<const char*, std::size_t>{"resnet50", 0}, {"resnext50", 1}}) {
    std::vector<const Clip*> batch;
    for (const Clip& clip : clips) {
      if (clip.lane == lane && batch.size() < 3) batch.push_back(&clip);
    }
    BackboneOptions options;
    options.model = model;
    options.device = Device::Cpu;
    const Matrix wanted = load_backbone(options)->forward(batch);
    options.device = Device::Cuda;
    for (const auto& [precision, least] : {std::pair<Precision, double>{Precision::Fp32, 0.99999},
                                           {Precision::Tf32, 0.9995},
                                           {Precision::Fp16, 0.9995},
                                           {Precision::Bf16, 0.99}}) {
      options.precision = precision;
      const std::unique_ptr<Backbone> network = load_backbone(options);
      const Matrix rows = network->forward(batch);
      const Matrix alone = network->forward({batch.back()});
      for (std::int64_t i = 0; i < rows.rows(); ++i) {
        EXPECT_GE(testing::cosine(rows.row(i), wanted.row(i), rows.cols()), least) << model;
      }
      EXPECT_GE(testing::cosine(alone.row(0), rows.row(rows.rows() - 1), rows.cols()), least)
          << "a batch of one";
    }
  }
}

TEST(NoGpu, IsSaidInWords) {
  if (gpu_count() > 0) GTEST_SKIP() << "there is a GPU";
  EXPECT_FALSE(missing_for_gpu().empty());
  BackboneOptions options;
  options.model = "demo2d";
  options.device = Device::Cuda;
  testing::expect_error([&] { static_cast<void>(load_backbone(options)); }, Fault::Unsupported,
                        missing_for_gpu());
}

}  // namespace
}  // namespace tvr

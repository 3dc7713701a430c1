// The whole extraction on a GPU, from packet to stored row. What it is made of is tested everywhere:
// parallel_extract_test (devices and sources of clips), scale_plan_test (pixels), torch_network_test
// (networks).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "data/error.h"
#include "data/tensors/tensor.h"
#include "extract/decoding/in_process_decoder.h"
#include "extract/gpu.h"
#include "pipeline/extraction/extract_options.h"
#include "pipeline/extraction/extract_step.h"
#include "pipeline/extraction/parallel_extract.h"
#include "tests/support/cosine.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

class ExtractionOnGpus : public ::testing::Test {
 protected:
  /// H.264, which NVDEC knows, of two sizes, and FFV1, which it does not.
  ExtractionOnGpus() {
    for (int i = 0; i < 4; ++i) {
      testing::TestVideo video;
      video.codec = i == 3 ? "ffv1" : "libx264";
      video.width = i == 0 ? 320 : 256;
      video.height = 192;
      video.pts_ms = testing::at_rate(25, 60 + 10 * i);
      video.left_half_black = true;
      const std::string id = "v" + std::to_string(i);
      const std::filesystem::path path = folder_ / (id + (i == 3 ? ".mkv" : ".mp4"));
      testing::write_video(path, video);
      videos_.push_back({id, path});
    }
  }

  static ExtractOptions options_with(const std::string& preset, const std::string& device) {
    ExtractOptions options;
    options.features.preset = kPresets.named("--preset", preset);
    options.features.networks["2d"].model = "resnet18";
    options.features.networks["3d"].model = "resnet18-3d";
    options.features.random_weights = true;
    options.speed.devices = devices_named(device);
    return options;
  }

  /// Each video's rows of both lanes.
  std::vector<Matrix> extract(const std::string& preset, const std::string& device) {
    const ExtractOptions options = options_with(preset, device);
    FeatureStore store(folder_ / (preset + device + ".db"), FeatureStore::Access::ReadWrite);
    const ExtractReport report = extract_into_store(store, videos_, plan_extraction(options));
    EXPECT_TRUE(report.all_well());
    std::vector<Matrix> rows;
    for (const RecipeRow& recipe : store.recipes()) {
      for (const VideoSource& video : videos_) rows.push_back(store.read(video.id, recipe.id)->values);
    }
    return rows;
  }

  static void expect_alike(const std::vector<Matrix>& seen, const std::vector<Matrix>& wanted, double least) {
    ASSERT_EQ(seen.size(), wanted.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      ASSERT_EQ(seen[i].rows(), wanted[i].rows());
      for (std::int64_t row = 0; row < seen[i].rows(); ++row)
        EXPECT_GE(testing::cosine(seen[i].row(row), wanted[i].row(row), seen[i].cols()), least)
            << "video " << i << ", row " << row;
    }
  }

  /// What several GPUs do, but for their numbers: two sets of networks and decoders, here on one device,
  /// share the videos.
  void two_sets_give_the_rows_of_one(const std::string& preset, const std::string& device) {
    const ExtractOptions options = options_with(preset, device);
    const std::vector<PlannedLane> lanes = plan_extraction(options).lanes;
    const std::vector<LaneOptions> sampling{lanes[0].spec.sampling, lanes[1].spec.sampling};
    std::vector<InProcessDecoder> decoders(2, InProcessDecoder(sampling, options.speed.limits, 0));
    std::vector<std::unique_ptr<Backbone>> networks;
    std::vector<ExtractionDevice> devices;
    for (InProcessDecoder& decoder : decoders) {
      ExtractionDevice& set = devices.emplace_back();
      set.clips = &decoder;
      for (const PlannedLane& lane : lanes)
        set.networks.push_back(networks.emplace_back(load_backbone(lane.spec.network)).get());
    }
    std::vector<ExtractionTask> tasks;
    for (const VideoSource& video : videos_) tasks.push_back({video, fingerprint_source(video.path), {0, 1}});

    std::map<std::string, VideoOutcome> outcomes;
    const auto keep = [&](const VideoOutcome& outcome) { outcomes[outcome.source.id] = outcome; };
    (void)extract_parallel(devices, tasks, {{"2d", 0}, {"3d", 1}}, {/*jobs=*/4, /*clip_batch=*/8, {}}, keep,
                           [](const ProgressEvent&) { return true; });
    std::vector<Matrix> rows;
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      for (const VideoSource& video : videos_) {
        const HalfSequence& features = outcomes.at(video.id).lanes.at(lane).features;
        Matrix& values = rows.emplace_back(features.rows(), features.dim);
        std::transform(features.halves.begin(), features.halves.end(), values.data(), from_half);
      }
    }
    expect_alike(rows, extract(preset, device), 0.99999);
  }

  testing::TempFolder folder_;
  std::vector<VideoSource> videos_;
};

class GpuExtraction : public ExtractionOnGpus {
 protected:
  void SetUp() override {
    if (gpu_count() == 0) GTEST_SKIP() << missing_for_gpu();
  }
};

TEST_F(GpuExtraction, StoresTheProcessorsRowsOnEqualFrames) {
  expect_alike(extract("ffmpeg5", "cuda"), extract("ffmpeg5", "cpu"), 0.99999);
}

TEST_F(GpuExtraction, StoresAlmostTheProcessorsRowsWhenItDecodesAndScalesToo) {
  expect_alike(extract("ffmpeg5-gpu", "cuda"), extract("ffmpeg5", "cpu"), 0.999);
}

TEST_F(GpuExtraction, StoresTheSameRowsWhenSeveralGpusShareTheVideos) {
  if (gpu_count() < 2) GTEST_SKIP() << "there is one GPU alone";
  expect_alike(extract("ffmpeg5-gpu", "cuda:0,1"), extract("ffmpeg5-gpu", "cuda"), 0.99999);
}

TEST_F(GpuExtraction, StoresTheSameRowsWhenTwoSetsOfNetworksAndDecodersShareTheVideos) {
  two_sets_give_the_rows_of_one("ffmpeg5-gpu", "cuda");
}

using ExtractionOnTwoSets = ExtractionOnGpus;

TEST_F(ExtractionOnTwoSets, GivesTheRowsOfOne) { two_sets_give_the_rows_of_one("ffmpeg5", "cpu"); }

using ExtractionWithoutGpu = ExtractionOnGpus;

TEST_F(ExtractionWithoutGpu, SaysWhatIsMissingAndBlamesNoVideo) {
  if (gpu_count() > 0) GTEST_SKIP() << "there is a GPU";
  for (const auto& [preset, device] :
       {std::pair{"ffmpeg5-gpu", "auto"}, {"howto100m-2019-gpu", "cuda:0,1"}, {"ffmpeg5", "cuda"}}) {
    testing::expect_error([&, p = preset, d = device] { (void)extract(p, d); }, Fault::Unsupported,
                          missing_for_gpu());
    const FeatureStore store(folder_ / (std::string(preset) + device + ".db"));
    for (const RecipeRow& recipe : store.recipes()) EXPECT_EQ(recipe.videos, 0);
  }
}

}  // namespace
}  // namespace tvr

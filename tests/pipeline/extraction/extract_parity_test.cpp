// The whole way from real videos to stored features, against tests/parity/extract_reference.py: the ffmpeg
// program and eager PyTorch, on the same weights.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "data/tensors/npy.h"
#include "data/tensors/tensor.h"
#include "pipeline/extraction/extract_step.h"
#include "tests/support/cosine.h"
#include "tests/support/python.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

std::string argument(const std::filesystem::path& path) { return " '" + path.string() + "'"; }

std::string run_reference(const std::string& arguments) {
  int status = 0;
  const std::string script = std::string(TVR_SOURCE_DIR) + "/tests/parity/extract_reference.py";
  const std::string output = testing::run_python(
      "import runpy, sys; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')",
      "'" + script + "' " + arguments, status);
  EXPECT_EQ(status, 0) << output;
  return output;
}

class ExtractParity : public ::testing::Test {
 protected:
  /// The least cosine of any row of any video to the reference's.
  [[nodiscard]] double least_cosine(const std::string& precision, const std::string& lane) {
    ExtractOptions options;
    options.features.networks["2d"].weights = folder_ / "2d.pth";
    options.features.networks["3d"].weights = folder_ / "3d.pth";
    options.features.precision = kPrecisions.named("--precision", precision);
    options.features.lanes = {lane};
    FeatureStore store(folder_ / (precision + lane + ".db"), FeatureStore::Access::ReadWrite);
    std::vector<VideoSource> sources;
    for (const auto& video : videos_) sources.push_back({video.filename().string(), video});
    const ExtractReport report = extract_into_store(store, sources, plan_extraction(options));
    EXPECT_TRUE(report.all_well());
    double least = 1;
    for (std::size_t i = 0; i < videos_.size(); ++i) {
      const auto ours = store.read(sources[i].id, store.recipes().front().id);
      const Tensor wanted = read_npy(folder_ / ("out/" + lane + "/" + std::to_string(i) + ".npy"));
      const std::vector<float> values = wanted.to_floats();
      EXPECT_EQ(wanted.shape, (std::vector<std::int64_t>{ours->values.rows(), ours->values.cols()}))
          << videos_[i];
      if (::testing::Test::HasFailure()) return 0;
      for (std::int64_t row = 0; row < ours->values.rows(); ++row) {
        least = std::min(least, testing::cosine(ours->values.row(row),
                                                &values[static_cast<std::size_t>(row * wanted.shape[1])],
                                                wanted.shape[1]));
      }
    }
    return least;
  }

  TempFolder folder_;
  std::vector<std::filesystem::path> videos_;
};

TEST_F(ExtractParity, FeaturesOfRealVideosPointWhereTheReferencesDo) {
  if (std::getenv("TVR_LONG_TESTS") == nullptr) GTEST_SKIP() << "takes minutes: set TVR_LONG_TESTS=1";
  TVR_NEEDS_SHARED("corpus/msrvtt/videos");
  TVR_NEEDS_PYTHON("torch, torchvision");
  for (const char* name : {"video7013.mp4", "video7015.mp4"}) {
    videos_.push_back(std::filesystem::canonical(testing::shared_data("corpus/msrvtt/videos") / name));
  }
  (void)run_reference("weights" + argument(folder_.path()));
  for (const char* lane : {"2d", "3d"}) {
    std::string arguments = "extract" + argument(folder_.path()) + " 2 " + lane + argument(folder_ / "out");
    for (const auto& video : videos_) arguments += argument(video);
    (void)run_reference(arguments);
    const double full = least_cosine("fp32", lane), half = least_cosine("bf16", lane);
    std::printf("lane %s: 1 - cosine to PyTorch at most %.2g in fp32, %.2g in bf16\n", lane, 1 - full,
                1 - half);
    EXPECT_GT(full, 0.99999) << lane;
    EXPECT_GT(half, 0.999) << lane;
  }
}

}  // namespace
}  // namespace tvr

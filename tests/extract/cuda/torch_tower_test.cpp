// The image towers of LibTorch against the vectors of tests/parity/encoder_oracle.py, on the CPU; on a GPU
// where there is one.
#include "extract/cuda/torch_tower.h"

#include <gtest/gtest.h>

#include <cmath>

#include "extract/gpu.h"
#include "tests/support/cosine.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_encoder.h"
#include "towers/encoder_folder.h"

namespace tvr {
namespace {

using testing::TinyEncoder;

class TorchTowers : public ::testing::TestWithParam<const char*> {
 protected:
  TorchTowers() : tiny_(testing::tiny_encoder(GetParam())) {
    write_encoder(tiny_, folder_.path());
    spec_ = read_encoder(folder_.path());
    for (const auto& picture : tiny_.pictures) pictures_.push_back(picture.data());
  }

  /// The largest distance from the oracle's rows from `first` on, relative to the largest value.
  [[nodiscard]] double relative_error(const Matrix& got, std::size_t first = 0) const {
    double error = 0, largest = 0;
    const float* const wanted = tiny_.image.data() + first * static_cast<std::size_t>(spec_.dim);
    for (std::int64_t i = 0; i < got.rows() * got.cols(); ++i) {
      error = std::max(error, std::abs(double{got.data()[i]} - wanted[i]));
      largest = std::max(largest, std::abs(double{wanted[i]}));
    }
    return error / largest;
  }

  [[nodiscard]] double least_cosine(const Matrix& got) const {
    double least = 1;
    for (std::int64_t row = 0; row < got.rows(); ++row)
      least = std::min(least, testing::cosine(got.row(row), tiny_.image.data() + row * spec_.dim, spec_.dim));
    return least;
  }

  testing::TempFolder folder_;
  TinyEncoder tiny_;
  EncoderSpec spec_;
  std::vector<const std::uint8_t*> pictures_;
};

INSTANTIATE_TEST_SUITE_P(Families, TorchTowers,
                         ::testing::Values("clip_hf", "clip_open", "siglip_hf", "pe_timm"),
                         [](const auto& name) { return std::string(name.param); });

TEST_P(TorchTowers, MakeTheOraclesVectorsWhateverTheBatch) {
  const TorchTower tower(spec_, Precision::Fp32, "cpu");
  ASSERT_EQ(tower.dim(), spec_.dim);
  const Matrix all = tower.embed(pictures_);
  ASSERT_EQ(all.rows(), static_cast<std::int64_t>(pictures_.size()));
  EXPECT_LT(relative_error(all), 1e-5);
  for (std::size_t i = 0; i < pictures_.size(); ++i)
    EXPECT_LT(relative_error(tower.embed({pictures_[i]}), i), 1e-5);
  EXPECT_EQ(tower.embed({}).rows(), 0);
}

TEST_P(TorchTowers, PointTheSameWayInBf16) {
  EXPECT_GE(least_cosine(TorchTower(spec_, Precision::Bf16, "cpu").embed(pictures_)), 0.999);
}

TEST_P(TorchTowers, MakeTheSameOnAGpu) {
  if (gpu_count() == 0) GTEST_SKIP() << "needs a GPU";
  EXPECT_LT(relative_error(TorchTower(spec_, Precision::Fp32, "cuda:0").embed(pictures_)), 1e-4);
  EXPECT_GE(least_cosine(TorchTower(spec_, Precision::Fp16, "cuda:0").embed(pictures_)), 0.999);
  EXPECT_GE(least_cosine(TorchTower(spec_, Precision::Bf16, "cuda:0").embed(pictures_)), 0.999);
}

TEST_P(TorchTowers, SayThatTheGpuIsNotThere) {
  testing::expect_error([&] { const TorchTower tower(spec_, Precision::Fp32, "cuda:99"); }, Fault::Device,
                        "the image tower");
}

}  // namespace
}  // namespace tvr

#include "pipeline/encoders/run_model.h"

#include <gtest/gtest.h>

#include "data/tensors/pth.h"
#include "model/parameters.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

constexpr EmbeddingShape kShape{4, 5, 8, 3};
const std::vector<std::string> kSentences = {"a red ball", "a blue car", "a red car", "a blue ball"};
const std::vector<std::vector<std::int32_t>> kIds = {{0, 1, 2}, {0, 3, 4}, {0, 1, 4}, {0, 3, 2}};

Matrix numbered(std::int64_t rows, std::int64_t cols) {
  Matrix matrix(rows, cols);
  for (std::int64_t i = 0; i < rows * cols; ++i) matrix.data()[i] = static_cast<float>((i * 37) % 11) - 5;
  return matrix;
}

double similarity(const Matrix& text, const Matrix& video, std::int64_t row, std::int64_t clip) {
  double sum = 0;
  for (std::int64_t d = 0; d < text.cols(); ++d)
    sum += static_cast<double>(text.row(row)[d]) * static_cast<double>(video.row(clip)[d]);
  return sum;
}

class RunModelTest : public ::testing::Test {
 protected:
  RunModelTest() {
    for (std::uint64_t seed : {1, 2}) {
      files_.push_back(folder_ / ("checkpoint " + std::to_string(seed) + ".pth"));
      write_pth(files_.back(), state_of(initial_parameters(kShape, seed)));
    }
    PairData pairs;
    pairs.clips = clips_;
    pairs.clip_of = {0, 1, 2, 3};
    linear_.emplace(kSentences, pairs);
    kernel_.emplace(kSentences, pairs, KernelMap(clips_));
  }

  TempFolder folder_;
  std::vector<std::filesystem::path> files_;
  Matrix vectors_ = numbered(5, 4), clips_ = numbered(4, 5);
  std::optional<LinearEncoder> linear_, kernel_;
};

TEST_F(RunModelTest, HasTheWeightedMeanOfItsMembersSimilarities) {
  const RunModel all(files_, 3, {{*linear_, 0.4}, {*kernel_, 0.2}}), first({files_[0]}, 3, {}),
      second({files_[1]}, 3, {});
  EXPECT_EQ(all.dim(), 8 + 8 + linear_->dim() + kernel_->dim());
  const Matrix text = all.embed_text(kSentences, vectors_, kIds), video = all.embed_video(clips_);
  for (std::int64_t row = 0; row < 4; ++row) {
    EXPECT_NEAR(similarity(text, text, row, row), 1, 1e-5) << "unit length";
    for (std::int64_t clip = 0; clip < 4; ++clip) {
      const auto of = [&](const RunModel& model) {
        return similarity(model.embed_text(kSentences, vectors_, kIds), model.embed_video(clips_), row, clip);
      };
      const auto in_closed_form = [&](const LinearEncoder& model) {
        return similarity(model.embed_text(kSentences), model.embed_video(clips_), row, clip);
      };
      EXPECT_NEAR(similarity(text, video, row, clip),
                  0.2 * of(first) + 0.2 * of(second) + 0.4 * in_closed_form(*linear_) +
                      0.2 * in_closed_form(*kernel_),
                  1e-5);
    }
  }
}

TEST_F(RunModelTest, OfOneNetworkIsThatNetwork) {
  const RunModel one({files_[0]}, 3, {});
  const JointEmbedding network(state_of(initial_parameters(kShape, 1)), 3);
  const Matrix seen = one.embed_video(clips_), wanted = network.embed_video(clips_);
  EXPECT_TRUE(std::equal(seen.data(), seen.data() + 4 * 8, wanted.data()));
}

TEST_F(RunModelTest, RefusesNetworksOfOtherInputs) {
  write_pth(files_[1], state_of(initial_parameters({4, 6, 8, 3}, 2)));
  testing::expect_error([&] { RunModel(files_, 3, {}); }, Fault::Mismatch, "features of 6 values");
  for (const auto& model : {linear_, kernel_})
    testing::expect_error(
        [&] {
          RunModel({files_[1]}, 3, {{*model, 0.5}});
        },
        Fault::Mismatch, "features of 5 values, the run's networks of 6");
}

}  // namespace
}  // namespace tvr

#include "pipeline/learning/linear_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// Two things in three colours, a clip each. Unless their features `tell` them apart all clips are equal.
Pairs pairs(bool tell) {
  Pairs train;
  train.captions = {"a red ball", "a red car", "a blue ball", "a blue car", "a green ball", "a green car"};
  train.pairs.clips = Matrix(6, 5);
  for (std::int64_t clip = 0; clip < 6; ++clip) {
    train.pairs.clips.row(clip)[clip % 2] = tell ? 1 : 0;
    train.pairs.clips.row(clip)[2 + clip / 2] = tell ? 1 : 0;
    train.pairs.clip_of.push_back(static_cast<std::int32_t>(clip));
  }
  return train;
}

TEST(FitKernelModel, IsReadFromItsFileTheSecondTime) {
  const TempFolder folder;
  RunFolder run(folder.path());
  const Pairs train = pairs(true);
  const LinearEncoder linear(train.captions, train.pairs);
  const auto first = fit_kernel_model(run, train, linear), second = fit_kernel_model(run, train, linear);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(std::filesystem::exists(run.kernel()));
  EXPECT_FALSE(first->is_linear()) << "the linear one does not find more";
  const Matrix a = first->embed_video(train.pairs.clips), b = second->embed_video(train.pairs.clips);
  ASSERT_EQ(a.cols(), b.cols());
  EXPECT_TRUE(std::equal(a.data(), a.data() + a.rows() * a.cols(), b.data()));
}

TEST(FitKernelModel, IsTheLinearModelWhereNoKernelCanBeFitted) {
  const TempFolder folder;
  RunFolder run(folder.path());
  const Pairs told = pairs(true);
  const LinearEncoder linear(told.captions, told.pairs);
  const auto model = fit_kernel_model(run, pairs(false), linear);  // all clips are equal
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->is_linear());
}

TEST(FitKernelModel, AFileThatCannotBeWrittenIsNoLackOfClips) {
  const TempFolder folder;
  RunFolder run(folder.path());
  const Pairs train = pairs(true);
  std::filesystem::create_directories(run.kernel() / "inside");
  const LinearEncoder linear(train.captions, train.pairs);
  try {
    (void)fit_kernel_model(run, train, linear);
    FAIL() << "it was written over a folder";
  } catch (const std::exception& error) {
    EXPECT_NE(std::string(error.what()).find("kernel.pth"), std::string::npos) << error.what();
  }
}

TEST(FitLinearBaseline, CaptionsWithoutACommonWordGiveNone) {
  const TempFolder folder;
  RunFolder run(folder.path());
  Pairs train = pairs(true);
  train.captions = {"one", "two", "three", "four", "five", "six"};
  EXPECT_FALSE(fit_linear_baseline(run, train));
  EXPECT_FALSE(std::filesystem::exists(run.linear()));
}

}  // namespace
}  // namespace tvr

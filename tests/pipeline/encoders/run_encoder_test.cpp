#include "pipeline/encoders/run_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <utility>

#include "data/tensors/tensor_file.h"
#include "model/joint_embedding.h"
#include "tests/support/expect_error.h"
#include "tests/support/planted_run.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::PlantedRun;
using testing::TempFolder;

constexpr int kRed = 0;

std::vector<float> row_of(const Matrix& matrix, std::int64_t row) {
  return {matrix.row(row), matrix.row(row) + matrix.cols()};
}

class RunEncoderTest : public ::testing::Test {
 protected:
  TempFolder folder_;
  PlantedRun run_{folder_ / "planted"};
};

TEST_F(RunEncoderTest, EmbedsEachSentenceAloneAndTellsWhatItDoesNotKnow) {
  const auto encoders = open_run(run_.manifest());
  const EncodedText text = encoders->embed_text({"red dog", "a zebra", "Dog a red a"});
  ASSERT_EQ(text.rows.rows(), 3);
  EXPECT_EQ(text.rows.cols(), encoders->dim());
  EXPECT_THAT(text.understood, ElementsAre(true, false, true));
  EXPECT_THAT(text.unknown, ElementsAre(ElementsAre(), ElementsAre("a", "zebra"), ElementsAre("Dog", "a")));
  for (std::int64_t row : {0, 2}) {
    const std::string sentence = row == 0 ? "red dog" : "Dog a red a";
    EXPECT_EQ(row_of(encoders->embed_text({sentence}).rows, 0), row_of(text.rows, row));
  }
}

TEST_F(RunEncoderTest, GivesTheModelsOwnRowsWhateverIsEmbeddedWithThem) {
  const RunManifest manifest = run_.manifest();
  const auto encoders = open_run(manifest);
  const JointEmbedding model(read_weights(manifest.networks.front().file), manifest.max_words);
  Matrix parts(5, PlantedRun::kWords);
  for (std::int64_t i = 0; i < 5; ++i) parts.row(i)[i] = parts.row(i)[i + 1] = 0.5F;
  const Matrix together = encoders->embed_video(parts), reference = model.embed_video(parts);
  for (std::int64_t i = 0; i < 5; ++i) {
    Matrix alone(1, parts.cols());
    std::copy_n(parts.row(i), parts.cols(), alone.row(0));
    EXPECT_EQ(row_of(encoders->embed_video(alone), 0), row_of(together, i));
    EXPECT_EQ(row_of(reference, i), row_of(together, i));
  }
}

TEST_F(RunEncoderTest, PreparingChangesNoNumber) {
  const auto plain = open_run(run_.manifest()), prepared = open_run(run_.manifest());
  prepared->prepare();
  EXPECT_EQ(row_of(plain->embed_text({"dog sleeps"}).rows, 0),
            row_of(prepared->embed_text({"dog sleeps"}).rows, 0));
}

TEST_F(RunEncoderTest, FindsTheRecipesOfItsLanesInTheModelsOrder) {
  run_.add_video("a", {kRed});
  RunManifest manifest = run_.manifest();
  const FeatureStore store(run_.store());
  std::vector<std::string> names;
  for (const RecipeRow& lane : open_run(manifest)->lanes_in(store)) names.push_back(lane.recipe.lane);
  EXPECT_THAT(names, ElementsAre("2d", "3d"));
  manifest.lanes[0].lane = "audio";
  expect_error([&] { (void)open_run(manifest)->lanes_in(store); }, Fault::NotFound, "lane audio");
  manifest.lanes.erase(manifest.lanes.begin());
  expect_error([&] { (void)open_run(manifest)->lanes_in(store); }, Fault::Mismatch, "4 values");
}

TEST_F(RunEncoderTest, ItsIdentityIsThatOfTheCheckpointAndTheLanesInTheirOrder) {
  const Digest before = open_run(run_.manifest())->identity();
  EXPECT_EQ(open_run(run_.manifest())->identity(), before);
  RunManifest reversed = run_.manifest();
  std::swap(reversed.lanes.at(0), reversed.lanes.at(1));
  EXPECT_NE(open_run(reversed)->identity(), before) << "pooled features have their lanes in another order";
  const RunManifest manifest = run_.manifest();
  std::ofstream(manifest.networks.front().file, std::ios::app) << '\0';
  EXPECT_NE(open_run(run_.manifest())->identity(), before);
  expect_error([&] { (void)open_run(manifest); }, Fault::Mismatch,
               "not the checkpoint that run.json describes");
}

}  // namespace
}  // namespace tvr

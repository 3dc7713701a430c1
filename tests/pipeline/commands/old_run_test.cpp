#include "pipeline/commands/old_run.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/commands/run_record.h"
#include "pipeline/commands/search_command.h"
#include "tests/pipeline/commands/learning_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/planted_run.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::LearningFolder;
using testing::PlantedRun;
using testing::TempFolder;

class OldRunTest : public ::testing::Test {
 protected:
  OldRunTest() { run_.add_video("a", {0, 0, 0}); }

  [[nodiscard]] std::string found() const {
    const auto searcher = open_searcher({run_.run(), {}, {}, {}}, false);
    return searcher->answer({{"red", 10, "", 0, 0}}).front().hits.at(0).source.id;
  }

  TempFolder folder_;
  PlantedRun run_{folder_ / "planted"};
};

TEST_F(OldRunTest, IsSearchedByItsConfigHoweverThatListsTheLanes) {
  for (const char* const lanes : {"", "lanes=\"2d,3d\"\n", "lanes=[\"2d\", \"3d\"]\n"}) {
    run_.make_old(lanes);
    EXPECT_EQ(found(), "a") << lanes;
  }
}

TEST_F(OldRunTest, OfAWholeRunKnowsItsRecipesByItsFlags) {
  run_.make_old();
  testing::write_file(run_.run() / "config.toml",
                      "[run]\nrandom-weights=true\nmodel-2d=\"demo2d\"\nmodel-3d=\"demo3d\"\nstore=\"" +
                          run_.store().string() + "\"\nword-vectors=\"" +
                          (run_.run() / "words.txt").string() + "\"\n");
  expect_error([&] { (void)found(); }, Fault::Mismatch, "recipe");  // the planted ones are others
}

TEST_F(OldRunTest, RefusesFeaturesByOtherRecipesThanItsOwn) {
  run_.make_old("feature-recipe=\"0123\"\n");
  expect_error([&] { (void)found(); }, Fault::Mismatch, "recipe");
}

TEST_F(OldRunTest, HasTheDataSetAndTheInputsOfItsConfig) {
  run_.make_old(
      "annotations=\"/a.json\"\ntest=\"/t.csv\"\nval-fraction=0.25\npooling=\"max+mean\"\nseed=9\n");
  const RunManifest run = read_run(run_.run());
  EXPECT_EQ(run.data.dataset.format, "msrvtt");
  EXPECT_EQ(run.data.dataset.annotations, "/a.json");
  EXPECT_EQ(run.data.dataset.test, "/t.csv");
  EXPECT_EQ(run.data.val_fraction, 0.25);
  EXPECT_EQ(run.data.dataset.split.test_fraction, 0.2) << "the flag's own default";
  EXPECT_EQ(run.seed, 9U);
  EXPECT_EQ(run.pooling, Pooling::MaxMean);
  EXPECT_EQ(run.max_words, 20);
  ASSERT_EQ(run.lanes.size(), 2U);
  EXPECT_EQ(run.lanes[1].weights, "random:seed=1") << "from the store";
}

TEST_F(OldRunTest, TakesAnotherStoreWhereItsOwnIsGone) {
  run_.make_old();
  std::filesystem::rename(run_.store(), folder_ / "moved.db");
  expect_error([&] { (void)read_run(run_.run()); }, Fault::NotFound, "--store");
  EXPECT_EQ(read_run(run_.run(), folder_ / "moved.db").lanes.size(), 2U);
}

TEST_F(OldRunTest, TakesOtherWordVectorsWhereItsOwnAreGone) {
  run_.make_old();
  std::filesystem::rename(run_.run() / "words.txt", folder_ / "moved.txt");
  expect_error([&] { (void)read_run(run_.run()); }, Fault::NotFound, "--word-vectors");
  EXPECT_EQ(read_run(run_.run(), {}, folder_ / "moved.txt").word_vectors, folder_ / "moved.txt");
}

TEST_F(OldRunTest, OfADamagedConfigIsAnError) {
  run_.make_old();
  testing::write_file(run_.run() / "config.toml", "[train]\nmax-words=many\nstore=\"x\"\n");
  expect_error([&] { (void)read_run(run_.run()); }, Fault::Corrupt, "max-words");
  for (const char* const words : {"0", "-1", "1001", "2000000000"}) {
    testing::write_file(run_.run() / "config.toml", std::string("[train]\nmax-words=") + words + "\n");
    expect_error([&] { (void)read_run(run_.run()); }, Fault::Corrupt, "max-words is");
  }
}

TEST(OldRun, GivesTheMetricsOfItsTrainingAndIsRecordedByTheSameCommandAgain) {
  const LearningFolder folder;
  const json trained = json::parse(folder.train("run", {"--pooling", "max+mean", "--max-words", "3"}));
  std::filesystem::remove(folder / "run/run.json");
  std::string config = read_text(folder / "run/config.toml");  // as 0.1 wrote it, without the flags of today
  config.erase(config.find("ensemble="), std::string("ensemble=1\n").size());
  write_text(folder / "run/config.toml", config);
  const json evaluated = json::parse(folder.run({"eval", "--run", (folder / "run").string(), "--json"}));
  EXPECT_EQ(evaluated["test"], trained["test"]);
  const auto checkpoint = std::filesystem::last_write_time(folder / "run/checkpoint.pth");
  (void)folder.train("run", {"--pooling", "max+mean", "--max-words", "3"});
  EXPECT_EQ(read_manifest(folder / "run").max_words, 3);
  EXPECT_EQ(std::filesystem::last_write_time(folder / "run/checkpoint.pth"), checkpoint) << "it was fresh";
}

}  // namespace
}  // namespace tvr

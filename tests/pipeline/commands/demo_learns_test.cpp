// The whole way on a small demo: real captions beat chance by far, shuffled ones do not.
#include <gtest/gtest.h>

#include <algorithm>

#include "data/store/choose_recipes.h"
#include "pipeline/demo/demo.h"
#include "pipeline/demo/demo_recipe.h"
#include "pipeline/extraction/extract_step.h"
#include "pipeline/learning/learn_step.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

class DemoLearns : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    DemoOptions demo;
    demo.clips = 180;
    files_ = write_demo(*folder_ / "data", demo, {});
    ExtractOptions options;
    options.videos.folder = files_.videos;
    options.features.random_weights = true;
    options.features.networks["2d"].model = DemoRecipe().model_2d;
    options.features.networks["3d"].model = DemoRecipe().model_3d;
    FeatureStore store(*folder_ / "s.db", FeatureStore::Access::ReadWrite);
    const ExtractionPlan plan = plan_extraction(options);
    const ExtractReport first = extract_into_store(store, videos_of(options.videos), plan);
    EXPECT_EQ(first.extracted, demo.clips);
    const ExtractReport again = extract_into_store(store, videos_of(options.videos), plan);
    EXPECT_EQ(again.fresh, demo.clips) << "nothing is extracted twice";
    EXPECT_EQ(again.extracted, 0);
  }
  static void TearDownTestSuite() { delete folder_; }

  /// R@10 over the 36 test clips; captions of the training clips go to other clips when `shuffled`.
  static double recall_at_10(bool shuffled) {
    const FeatureStore store(*folder_ / "s.db");
    DataOptions options;
    options.dataset.annotations = files_.annotations;
    options.dataset.train = files_.train;
    options.dataset.test = files_.test;
    std::vector<VideoSource> videos;
    for (const VideoRow& row : store.videos()) videos.push_back(row.source);
    DataSet data = read_data(options, videos, 1);
    if (shuffled) {
      const auto clips = static_cast<std::int32_t>(data.train.clips.size());
      for (Caption& caption : data.train.captions) caption.clip = (caption.clip * 37 + 11) % clips;
    }
    RunFolder run(*folder_ / (shuffled ? "shuffled" : "real"));
    LearnOptions learning;
    learning.train.embd_dim = 256;
    learning.train.lr = 1e-3;
    learning.train.epochs = 60;
    const auto lanes = choose_recipes(store, {}, {});
    TimeAccount time;
    const auto learn_all = [&] {
      return learn(run, load_splits(run, store, lanes, data, {}, learning),
                   plan_learning(learning, data.train), time);
    };
    const Learned learned = learn_all();
    EXPECT_TRUE(learned.trained);
    for (const std::string& finding : learned.findings) {
      EXPECT_TRUE(shuffled || finding.find("does not beat a linear model") != std::string::npos)
          << finding << ", though nothing is wrong with the demo";
    }
    const Learned again = learn_all();
    EXPECT_FALSE(again.trained) << "the checkpoint is up to date";
    EXPECT_EQ(again.metrics, learned.metrics);
    EXPECT_EQ(learned.seeds.front().t2v.queries, 36);
    return learned.seeds.front().t2v["R@10"];
  }

  static TempFolder* folder_;
  static DemoFiles files_;
};

TempFolder* DemoLearns::folder_ = nullptr;
DemoFiles DemoLearns::files_;

constexpr double kChance = 100.0 * 10 / 36;

// One test, since the extraction is the dear part and each test runs in a process of its own.
TEST_F(DemoLearns, FromTheCaptionsOfTheTrainingClipsAndNothingWhenTheyAreShuffled) {
  const double real = recall_at_10(false), shuffled = recall_at_10(true);
  RecordProperty("real", std::to_string(real));
  RecordProperty("shuffled", std::to_string(shuffled));
  EXPECT_GT(real, 1.8 * kChance);
  EXPECT_LT(shuffled, 1.6 * kChance);
}

}  // namespace
}  // namespace tvr

#include "pipeline/narrated/narrated_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "data/narrations/narration_writer.h"
#include "data/store/feature_exchange.h"
#include "data/tensors/npy.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;
using Rows = std::vector<std::vector<float>>;

const Narration kNarrationV = {{0, 2, 4.5}, {2, 4.5, 7}, {"cut the onion", "add water it", "stir the pan"}};
const Narration kNarrationW = {{0, 3, 6, 9.5, 20},
                               {3, 6, 9, 12, 23},
                               {"cut the onion", "into slices", "add water", "don't stir", "heat the oil"}};

// The features of these videos and what antoine77340/howto100m 50af0ff (youtube_dataloader.py) made of lines
// 1, 0, 0 of v and 1, 3, 0 of w under PyTorch 1.13, with min_time 5.
const Rows kV2d = {{0.3125F, -1.25F, -1.4375F},  {-1.6875F, 2.0F, -1.0F},      {-1.9375F, -1.625F, -0.4375F},
                   {1.125F, -0.75F, -0.875F},    {-1.3125F, -0.25F, -0.1875F}, {-1.125F, 1.125F, -1.1875F},
                   {-1.4375F, -1.5625F, 1.9375F}};
const Rows kV3d = {{0.5F, -1.0625F},  {-0.625F, 0.6875F}, {-1.5625F, 0.125F}, {1.0625F, 0.9375F},
                   {0.0F, 0.0F},      {-0.75F, 0.3125F},  {0.4375F, -1.75F},  {0.625F, 1.1875F},
                   {0.375F, 0.0625F}, {1.625F, 0.875F},   {-0.0625F, 1.25F}};
const Rows kW2d = {{-0.5F, -1.8125F, 1.5F},     {-2.0F, -0.6875F, -0.8125F},  {0.5625F, -1.375F, -0.6875F},
                   {0.375F, -0.75F, 0.75F},     {0.4375F, -1.125F, -0.375F},  {-0.625F, -1.875F, 1.9375F},
                   {1.75F, -1.9375F, 1.1875F},  {-0.1875F, -0.5F, 1.875F},    {-1.5625F, 0.6875F, 0.0625F},
                   {1.0F, 0.3125F, -0.75F},     {1.0625F, -0.6875F, -0.25F},  {1.375F, -2.0F, 2.0F},
                   {-0.875F, 1.9375F, 0.3125F}, {1.5F, 1.5F, 0.3125F},        {0.875F, 0.0625F, -1.9375F},
                   {-1.0F, 0.0F, -1.0F},        {-0.875F, 1.4375F, -1.1875F}, {0.3125F, -0.125F, 1.0F},
                   {1.8125F, 0.0625F, 1.25F},   {-1.875F, -0.25F, 0.25F},     {0.75F, 1.0F, 1.6875F},
                   {1.375F, -0.6875F, 1.5F},    {0.4375F, -0.1875F, 0.0F},    {1.0F, -1.4375F, 0.0625F},
                   {1.75F, 1.4375F, -1.3125F}};
const Rows kW3d = {
    {0.875F, 1.4375F},    {-1.9375F, 1.125F},  {-1.4375F, 1.625F},  {1.4375F, 1.4375F},  {1.5625F, 0.25F},
    {1.125F, 0.75F},      {0.375F, 1.25F},     {-1.8125F, -2.0F},   {1.4375F, -0.6875F}, {-0.6875F, 0.375F},
    {1.5F, 0.875F},       {-0.125F, -1.5F},    {1.0625F, 1.625F},   {0.0F, 0.5F},        {0.625F, 0.8125F},
    {0.0625F, 0.0F},      {-0.25F, -1.8125F},  {1.5625F, 1.125F},   {-0.9375F, 1.6875F}, {1.0F, -0.5625F},
    {-0.625F, 1.875F},    {1.875F, -0.5625F},  {1.5F, 1.4375F},     {1.3125F, 0.25F},    {1.6875F, 1.1875F},
    {-1.5F, 0.3125F},     {1.6875F, 1.375F},   {-0.125F, -1.75F},   {1.375F, -1.5F},     {-0.0625F, 0.5F},
    {-0.9375F, -1.4375F}, {1.3125F, 1.875F},   {1.6875F, -1.8125F}, {-1.75F, 0.4375F},   {1.375F, 0.5F},
    {1.3125F, -0.625F},   {-0.9375F, -0.3125F}};
const Rows kClips = {
    {0.3745937645435333F, 0.6659444570541382F, 0.6451336741447449F, 0.7926239371299744F, 0.6097107529640198F},
    {0.3745937645435333F, 0.6659444570541382F, 0.6451336741447449F, 0.7926239371299744F, 0.6097107529640198F},
    {0.3745937645435333F, 0.6659444570541382F, 0.6451336741447449F, 0.7926239371299744F, 0.6097107529640198F},
    {0.6481897830963135F, -0.2546460032463074F, 0.7176387310028076F, 0.6931087374687195F,
     0.7208330631256104F},
    {0.5321040153503418F, 0.5891152024269104F, 0.6081188917160034F, 0.679408073425293F, 0.7337607145309448F},
    {0.6481897830963135F, -0.2546460032463074F, 0.7176387310028076F, 0.6931087374687195F,
     0.7208330631256104F}};
const std::vector<std::string> kCaptions = {"add water it cut the onion", "cut the onion add water it",
                                            "cut the onion add water it", "into slices cut the onion",
                                            "don't stir add water",       "cut the onion into slices"};

WordTable words() {
  WordTable table;
  table.words = {"cut", "the",  "onion", "into",  "slices", "add", "water",
                 "it",  "stir", "pan",   "don't", "heat",   "oil"};
  table.vectors = Matrix(static_cast<std::int64_t>(table.words.size()), 4);
  for (std::size_t i = 0; i < table.words.size(); ++i)
    table.ids[table.words[i]] = static_cast<std::int32_t>(i);
  return table;
}

std::string sentence(const std::vector<std::int32_t>& ids) {
  static const WordTable kWords = words();
  std::string text;
  for (const std::int32_t id : ids)
    text += (text.empty() ? "" : " ") + kWords.words[static_cast<std::size_t>(id)];
  return text;
}

/// Folders 2d/ and 3d/ of .npy files and narrations.db, of v, w and a video without features.
struct NarratedPairsTest : public ::testing::Test {
  NarratedPairsTest() {
    NarrationWriter writer(folder / "narrations.db", "test");
    writer.add("v", kNarrationV, 1);
    writer.add("silent", {}, 2);
    writer.add("w", kNarrationW, 3);
    writer.add("without features", kNarrationV, 4);
    writer.finish();
    write("2d", "v", kV2d);
    write("3d", "v", kV3d);
    write("2d", "w", kW2d);
    write("3d", "w", kW3d);
    narrated.narrations = folder / "narrations.db";
    narrated.features_2d = folder / "2d";
    narrated.features_3d = folder / "3d";
    options.batch_size = 2;
    options.n_pair = 3;
    options.max_words = 6;
  }

  void write(const std::string& lane, const std::string& video, const Rows& rows) const {
    std::filesystem::create_directories(folder / lane);
    std::vector<float> values;
    for (const std::vector<float>& row : rows) values.insert(values.end(), row.begin(), row.end());
    const auto count = static_cast<std::int64_t>(rows.size());
    write_npy(folder / lane / (video + ".npy"),
              Tensor::from_floats({count, static_cast<std::int64_t>(rows.front().size())}, values.data(),
                                  DType::F16));
  }
  [[nodiscard]] NarratedVideos videos() const {
    return {narrated, open_features(narrated, {}, {}), Pooling::Max};
  }

  TempFolder folder;
  NarratedOptions narrated;
  TrainOptions options;
  const WordTable table = words();
};

void expect_rows(const Matrix& seen, const Rows& wanted) {
  ASSERT_EQ(seen.rows(), static_cast<std::int64_t>(wanted.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (std::size_t d = 0; d < wanted[i].size(); ++d)
      EXPECT_NEAR(seen.row(static_cast<std::int64_t>(i))[d], wanted[i][d], 2e-6F) << i << ", " << d;
  }
}

TEST_F(NarratedPairsTest, AreThoseOfTheReference) {
  const NarratedVideos videos = this->videos();
  const NarratedPairs pairs(videos, table, options);
  const std::int32_t w = static_cast<std::int32_t>(videos.first_line(1));
  const StepPairs batch = pairs.pairs_of({1, 0, 0, w + 1, w + 3, w});
  ASSERT_EQ(batch.captions.size(), kCaptions.size());
  for (std::size_t i = 0; i < kCaptions.size(); ++i) EXPECT_EQ(sentence(batch.captions[i]), kCaptions[i]);
  expect_rows(pairs.features(batch.clips), kClips);
}

TEST_F(NarratedPairsTest, AreTheSameFromAStore) {
  (void)import_npy(folder / "features.db", folder / "2d", FeatureFileNames::by_pattern("{video}.npy", "2d"),
                   {"", 1});
  (void)import_npy(folder / "features.db", folder / "3d", FeatureFileNames::by_pattern("{video}.npy", "3d"),
                   {"", 1.5});
  const FeatureStore store(folder / "features.db");
  narrated.features_2d.clear();
  narrated.features_3d.clear();
  const NarratedVideos videos(narrated, open_features(narrated, folder / "features.db", store.recipes()),
                              Pooling::Max);
  const NarratedPairs pairs(videos, table, options);
  const std::int32_t w = static_cast<std::int32_t>(videos.first_line(1));
  expect_rows(pairs.features({1, 0, 0, w + 1, w + 3, w}), kClips);
}

TEST_F(NarratedPairsTest, VisitEachVideoOnceAndDrawItsLinesWithReplacement) {
  const NarratedVideos videos = this->videos();
  const NarratedPairs pairs(videos, table, options);
  ASSERT_EQ(pairs.steps(), 1);
  bool repeated = false;
  std::set<std::int32_t> drawn;
  std::set<std::vector<std::int32_t>> batches;
  for (int epoch = 1; epoch <= 40; ++epoch) {
    const StepPairs batch = pairs.batch(epoch, 0);
    ASSERT_EQ(batch.clips.size(), 6U);
    for (std::size_t first : {0U, 3U}) {  // the pairs of a video lie side by side
      const auto of_video =
          std::set<std::int32_t>(batch.clips.begin() + static_cast<std::ptrdiff_t>(first),
                                 batch.clips.begin() + static_cast<std::ptrdiff_t>(first) + 3);
      repeated |= of_video.size() < 3;
      for (const std::int32_t line : of_video)
        EXPECT_EQ(videos.video_of(line), videos.video_of(batch.clips[first]));
      drawn.insert(of_video.begin(), of_video.end());
    }
    EXPECT_NE(videos.video_of(batch.clips[0]), videos.video_of(batch.clips[3]));
    batches.insert(batch.clips);
  }
  EXPECT_TRUE(repeated);
  EXPECT_EQ(drawn.size(), 8U);  // all lines
  EXPECT_GT(batches.size(), 30U);
}

TEST_F(NarratedPairsTest, AreAFunctionOfEpochAndStepAlone) {
  const NarratedVideos videos = this->videos();
  const StepPairs whole = NarratedPairs(videos, table, options).batch(3, 0);
  const Matrix features = NarratedPairs(videos, table, options).features(whole.clips);
  for (const int threads : {1, 2, 5}) {
    options.threads = threads;
    const NarratedPairs pairs(videos, table, options);
    (void)pairs.batch(1, 0);
    EXPECT_EQ(pairs.batch(3, 0).clips, whole.clips);
    std::int64_t row = 0;
    for (std::size_t rank = 0; rank < 3; ++rank) {  // each process of a group reads its share
      const auto begin = whole.clips.begin() + static_cast<std::ptrdiff_t>(2 * rank);
      const Matrix again = pairs.features({begin, begin + 2});
      EXPECT_TRUE(std::equal(again.data(), again.data() + again.rows() * again.cols(), features.row(row)));
      row += again.rows();
    }
  }
}

TEST_F(NarratedPairsTest, OfALaneWithoutRowsHaveZerosThereAndAreCounted) {
  std::filesystem::remove(folder / "3d" / "w.npy");
  const NarratedVideos videos = this->videos();
  const NarratedPairs pairs(videos, table, options);
  const Matrix clip = pairs.features({static_cast<std::int32_t>(videos.first_line(1)) + 3});
  EXPECT_NEAR(clip.row(0)[0], kClips[4][0], 2e-6F);
  EXPECT_EQ(clip.row(0)[3], 0);
  EXPECT_EQ(clip.row(0)[4], 0);
  EXPECT_EQ(pairs.notes(),
            (std::vector<std::string>{"1 narrated clips had no row of lane 3d, which is zeros there"}));
}

TEST_F(NarratedPairsTest, ForMilNceHaveTheLinesAroundTheDrawnOneAsCandidates) {
  narrated.candidates = 3;
  options.loss = RankingLoss::MilNce;
  const NarratedVideos videos = this->videos();
  const NarratedPairs pairs(videos, table, options);
  const StepPairs batch = pairs.pairs_of({0, static_cast<std::int32_t>(videos.first_line(1)) + 4});
  std::vector<std::string> captions;
  for (const auto& caption : batch.captions) captions.push_back(sentence(caption));
  EXPECT_EQ(captions, (std::vector<std::string>{"cut the onion", "add water it", "stir the pan", "add water",
                                                "don't stir", "heat the oil"}));
}

TEST_F(NarratedPairsTest, LeaveOutVideosWithoutLinesOrFeaturesAndSaySo) {
  const NarratedVideos videos = this->videos();
  EXPECT_EQ(videos.count(), 2);
  EXPECT_EQ(videos.notes(),
            (std::vector<std::string>{"1 videos have no line and are left out",
                                      "1 narrated videos have no features and are left out"}));
  options.batch_size = 3;
  expect_error([&] { NarratedPairs(videos, table, options); }, Fault::Mismatch,
               "2 narrated videos do not fill one batch of 3");
}

TEST_F(NarratedPairsTest, FindTheFilesOfVideosByTheirNamesAndInsideTheFolder) {
  {
    NarrationWriter writer(folder / "odd.db", "test");
    writer.add("%2Dhyphen", kNarrationV, 1);
    writer.finish();
  }
  write("2d", "-hyphen", kV2d);
  narrated.narrations = folder / "odd.db";
  narrated.features_3d.clear();
  EXPECT_EQ(videos().count(), 1);
  expect_error(
      [&] {
        (void)lanes_in_folders({{"2d", folder / "2d", 1}}, {{"v", "../2d/v.npy"}});
      },
      Fault::Corrupt, "leads out of their folder");
}

TEST_F(NarratedPairsTest, NeedRowsOfOneWidthAndARate) {
  write("3d", "w", {{1, 2, 3}});
  const NarratedVideos videos = this->videos();
  const NarratedPairs pairs(videos, table, options);
  expect_error(
      [&] {
        (void)pairs.features({0, static_cast<std::int32_t>(videos.first_line(1))});
      },
      Fault::Corrupt, "columns");
  (void)import_npy(folder / "features.db", folder / "2d", FeatureFileNames::by_pattern("{video}.npy", "2d"),
                   {});
  const FeatureStore store(folder / "features.db");
  expect_error([&] { (void)lanes_in_store(folder / "features.db", store.recipes()); }, Fault::Mismatch,
               "how many rows a second has");
}

TEST_F(NarratedPairsTest, OfAStoreWithAValueThatIsNoNumberAreRefused) {
  {
    FeatureStore store(folder / "nan.db", FeatureStore::Access::ReadWrite);
    VideoOutcome outcome;
    outcome.source = {"v", "/videos/v.mp4"};
    outcome.fingerprint = {100, 7, sha256("v")};
    outcome.lanes.push_back({store.add_recipe({"2d", R"({"clip_frames":1,"fps":1})", "random:seed=1"}), {}});
    const std::vector<float> row = {1, std::numeric_limits<float>::quiet_NaN()};
    outcome.lanes.back().features.dim = 2;
    outcome.lanes.back().features.set(0, row.data(), {Micros(0), Micros(1'000'000)});
    store.write(outcome);
  }
  const FeatureStore store(folder / "nan.db");
  const auto lanes = lanes_in_store(folder / "nan.db", store.recipes());
  expect_error([&] { (void)lanes->read("v", 0); }, Fault::Corrupt, "v");
}

}  // namespace
}  // namespace tvr

#include "pipeline/localization/localization.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/tensors/npy.h"
#include "model/random.h"
#include "model/step_assignment.h"
#include "pipeline/encoders/run_encoder.h"
#include "pipeline/localization/localization_report.h"
#include "tests/support/expect_error.h"
#include "tests/support/planted_run.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::PlantedRun;
using testing::TempFolder;
using testing::write_file;

/// Two tasks: dogs (red, dog, rain) with videos a, b, c, d; cats (cat, night) with video e.
class LocalizationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(folder_ / "tasks_primary.txt",
               "1\nWalk Dogs\nu\n3\nred,dog,rain\n\n2\nPet Cats, \"quickly\"\nu\n2\ncat,night\n\n");
    write_file(folder_ / "videos.csv", "1,a,u\n1,b,u\n1,c,u\n1,d,u\n2,e,u\n");
    write_file(folder_ / "videos_val.csv", "1,z,u\n");
    annotate("1_a", "1,0,1\n2,1.5,3\n");
    annotate("1_b", "3,2,4\n1,0,0.5\n");
    annotate("1_d", "2,0,9\n");
    annotate("2_e", "2,0,2\n1,2,2\n");
  }
  void annotate(const std::string& stem, const std::string& text) const {
    write_file(folder_ / "annotations" / (stem + ".csv"), text);
  }
  void score(const std::string& stem, const std::string& text) const {
    write_file(folder_ / "scores" / (stem + ".csv"), text);
  }
  [[nodiscard]] CrossTask data() const { return read_crosstask(folder_.path()); }
  [[nodiscard]] Localization localized(const LocalizeOptions& options = {}) const {
    return localize(data(), data().videos, folder_.path(), scores_in_folder(folder_ / "scores", data()),
                    options);
  }
  TempFolder folder_;
};

std::vector<std::int32_t> frames_of(const LocatedVideo& video) {
  std::vector<std::int32_t> frames;
  for (const StepPlace& step : video.steps) frames.push_back(step.frame);
  return frames;
}

TEST_F(LocalizationTest, PlacesAndCountsTheStepsOfAnybodysScores) {
  score("1_a", "9,0,0\n0,0,0\n0,9,0\n0,0,9\n");  // frames 0, 2, 3: both steps of the annotation are found
  score("1_b", "0,0,0\n9,0,9\n0,9,0\n0,0,1\n");  // 1, 2, 3: of steps 1 and 3 the latter
  score("1_c", "1,2,3\n");                       // has no annotation
  score("2_e", "1,5\n7,0\n2,6\n");               // 1, 2: the night is over at 2
  const Localization result = localized();
  ASSERT_EQ(result.videos.size(), 3U);
  EXPECT_THAT(frames_of(result.videos[0]), ElementsAre(0, 2, 3));
  EXPECT_EQ(result.videos[0].steps[1].score, 9);
  EXPECT_EQ(result.videos[0].steps[1].hit, std::optional(true));
  EXPECT_EQ(result.videos[0].steps[2].hit, std::nullopt) << "the video does not show it";
  EXPECT_EQ(result.videos[1].steps[0].hit, std::optional(false));
  EXPECT_THAT(frames_of(result.videos[2]), ElementsAre(1, 2));
  EXPECT_THAT(result.without_annotation, ElementsAre("1_c"));
  EXPECT_THAT(result.without_features, ElementsAre("1_d"));
  const auto& tasks = result.model.recalls.tasks;
  EXPECT_DOUBLE_EQ(tasks[0].pooled, 3.0 / 4);
  EXPECT_DOUBLE_EQ(tasks[1].pooled, 0);
  EXPECT_DOUBLE_EQ(result.model.recalls.mean.pooled, 3.0 / 8);
  // Of four frames the middles of three parts are 0, 2, 3; of three frames those of two parts 0, 2.
  EXPECT_DOUBLE_EQ(result.uniform.recalls.tasks[0].pooled, 4.0 / 4);
  EXPECT_DOUBLE_EQ(result.uniform.recalls.tasks[1].pooled, 0);
  // Of the 4 ways to leave one of four frames out, step 1 is at 0 in 3, step 2 at 1 or 2 in all, step 3 at 2
  // or 3 in all; of the 3 ways for the cats, night is at 1 in one.
  EXPECT_NEAR(result.random.recalls.tasks[0].pooled, (0.75 + 1 + 0.75 + 1) / 4, 1e-12);
  EXPECT_NEAR(result.random.recalls.tasks[1].pooled, 1.0 / 3, 1e-12);
}

TEST_F(LocalizationTest, PlacesWithoutOrderOrByLogSoftmaxWhereAsked) {
  score("2_e", "1,5\n7,0\n2,6\n");
  EXPECT_THAT(frames_of(localized({StepScores::Similarity, StepOrder::Free}).videos[0]), ElementsAre(1, 2));
  EXPECT_NEAR(localized({StepScores::Similarity, StepOrder::Free}).random.recalls.tasks[1].pooled, 2.0 / 3,
              1e-12);
  score("2_e", "1,6\n7,7\n2,5\n");  // night is the better explanation of frame 0 alone
  EXPECT_THAT(frames_of(localized({StepScores::Similarity, StepOrder::Free}).videos[0]), ElementsAre(1, 1));
  EXPECT_THAT(frames_of(localized({StepScores::LogSoftmax, StepOrder::Free}).videos[0]), ElementsAre(1, 0));
}

TEST_F(LocalizationTest, CountsNoHitWhereThereAreFewerFramesThanSteps) {
  score("1_a", "9,0,0\n0,9,0\n");
  score("1_d", "0,0,0\n0,9,0\n0,0,0\n");
  const Localization result = localized();
  EXPECT_THAT(result.too_short, ElementsAre("1_a"));
  EXPECT_THAT(frames_of(result.videos[0]), ElementsAre(kNone, kNone, kNone));
  EXPECT_EQ(result.videos[0].steps[0].hit, std::optional(false));
  EXPECT_DOUBLE_EQ(result.model.recalls.tasks[0].pooled, 1.0 / 3) << "step 1 of d, of that and two of a";
  EXPECT_TRUE(std::isnan(result.model.recalls.tasks[1].pooled));
  EXPECT_THAT(sentences_of(data(), result), ::testing::Contains(HasSubstr("fewer frames than steps (1_a)")));
}

TEST_F(LocalizationTest, DoesNotCountVideosThatShowNoStep) {
  annotate("1_c", "");
  score("1_a", "9,0,0\n0,0,0\n0,9,0\n0,0,9\n");
  score("1_c", "9,0,0\n0,0,0\n0,9,0\n0,0,9\n");
  const Localization result = localized();
  EXPECT_THAT(result.without_steps, ElementsAre("1_c"));
  EXPECT_DOUBLE_EQ(result.model.recalls.tasks[0].by_video, 1);
}

TEST_F(LocalizationTest, TakesNpyAndRefusesOtherShapes) {
  const std::vector<float> values = {1, 5, 7, 0, 2, 6};
  std::filesystem::create_directories(folder_ / "scores");
  write_npy(folder_ / "scores/2_e.npy", Tensor::from_floats({3, 2}, values.data(), DType::F16));
  EXPECT_THAT(frames_of(localized().videos[0]), ElementsAre(1, 2));
  write_npy(folder_ / "scores/2_e.npy", Tensor::from_floats({2, 3}, values.data()));
  expect_error([&] { (void)localized(); }, Fault::Mismatch, "2_e.npy: it has 3 columns, task 2 has 2 steps");
  write_npy(folder_ / "scores/2_e.npy", Tensor::from_floats({6}, values.data()));
  expect_error([&] { (void)localized(); }, Fault::Mismatch, "its shape is [6], wanted frames x steps");
  std::filesystem::remove(folder_ / "scores/2_e.npy");
  expect_error([&] { (void)localized(); }, Fault::NotFound, "1 have no annotation");
  score("1_a", "1,2,x\n");
  expect_error([&] { (void)localized(); }, Fault::Corrupt, "1_a.csv:1: 'x' is not a finite number");
  expect_error([&] { (void)scores_in_folder(folder_ / "none", data()); }, Fault::NotFound, "no such folder");
}

TEST_F(LocalizationTest, StopsWhereAsked) {
  score("1_a", "9,0,0\n0,0,0\n0,9,0\n0,0,9\n");
  expect_error(
      [&] {
        (void)localize(data(), data().videos, folder_.path(), scores_in_folder(folder_ / "scores", data()),
                       {}, [](const ProgressEvent&) { return false; });
      },
      Fault::Interrupted, "stopped");
}

TEST_F(LocalizationTest, TakesTheScoresOfAModelFromAStore) {
  const PlantedRun run(folder_ / "planted");
  run.add_video("films/a", {0, -1, 2, 6});  // red, nothing, dog, rain
  run.add_video("b", {-1, 0, 2, 6});
  run.add_video("e", {7, 3});
  const auto encoders = open_run(run.manifest());
  const FeatureStore store(run.store());
  const Localization result =
      localize(data(), data().videos, folder_.path(), scores_of_model(store, *encoders, data()), {});
  ASSERT_EQ(result.videos.size(), 3U);
  EXPECT_THAT(frames_of(result.videos[0]), ElementsAre(0, 2, 3));
  EXPECT_THAT(frames_of(result.videos[1]), ElementsAre(1, 2, 3));
  EXPECT_THAT(result.without_features, ElementsAre("1_d"));
}

TEST_F(LocalizationTest, WantsAFramePerSecondOfAModel) {
  const PlantedRun run(folder_ / "planted");
  run.add_rows("a", {{Micros(0), Micros(500'000)}, {Micros(500'000), Micros(1'000'000)}});
  const auto encoders = open_run(run.manifest());
  const FeatureStore store(run.store());
  expect_error(
      [&] {
        (void)localize(data(), data().videos, folder_.path(), scores_of_model(store, *encoders, data()), {});
      },
      Fault::Mismatch, "a: its frame 1 begins at 0.5 s, wanted 1 s");
}

TEST_F(LocalizationTest, IsReportedByTaskWithTheGuessesBeside) {
  score("1_a", "9,0,0\n0,0,0\n0,9,0\n0,0,9\n");
  score("1_b", "0,0,0\n9,0,9\n0,9,0\n0,0,1\n");
  score("2_e", "1,5\n7,0\n2,6\n");
  const Localization result = localized();
  const std::string table = table_of(data(), result);
  EXPECT_THAT(table, HasSubstr("Walk Dogs                 2       75.0      100.0       87.5       75.0"));
  EXPECT_THAT(table, HasSubstr("mean over 2 tasks         3       37.5       50.0       60.4       37.5"));
  EXPECT_THAT(table, HasSubstr("95 % interval              25.0-50.0  50.0-50.0"));
  const nlohmann::json json = json_of(data(), result);
  EXPECT_EQ(json["tasks"][0]["model"]["pooled"], 75.0);
  EXPECT_EQ(json["tasks"][1]["title"], "Pet Cats, \"quickly\"");
  EXPECT_EQ(json["mean"]["uniform"]["by_video"], 50.0);
  EXPECT_EQ(json["mean"]["model"]["interval_95"]["pooled"], nlohmann::json({25.0, 50.0}));
  EXPECT_EQ(json["left_out"]["without_annotation"], nlohmann::json({"1_c"}));
  EXPECT_EQ(json["left_out"]["without_features"], nlohmann::json({"1_d"}));
}

TEST_F(LocalizationTest, IsWrittenAsACsvOfSeconds) {
  score("1_a", "9,0,0\n0,0,0\n0,8.5,0\n0,0,9\n");
  score("1_d", "9,0,0\n");
  EXPECT_EQ(placed_steps_csv(placed_steps(data(), localized())),
            "video,task,step,second,score,hit,name\n"
            "a,1,1,0,9,1,red\na,1,2,2,8.5,1,dog\na,1,3,3,9,,rain\n"
            "d,1,1,,,,red\nd,1,2,,,0,dog\nd,1,3,,,,rain\n");
}

/// The lists and annotations of the release, as far as they are public; the lengths of the videos and the
/// scores are generated.
TEST(LocalizationOfTheRelease, UniformRecallEqualsAPlainCount) {
  TVR_NEEDS_SHARED("corpus");
  const std::filesystem::path lists = testing::shared_data("corpus/crosstask");
  const TempFolder folder;
  for (const char* const list : {"tasks_primary.txt", "tasks_related.txt", "videos.csv", "videos_val.csv"})
    std::filesystem::copy_file(lists / list, folder / list);
  struct Line {
    int step, start, end;
  };
  std::map<std::string, std::vector<Line>> lines_of_video;
  std::ifstream annotations(lists / "annotations_p3iv_floor_end.csv");
  std::string text;
  std::getline(annotations, text);
  while (std::getline(annotations, text)) {
    std::istringstream cells(text);
    std::string task, video, step, start, end;
    for (std::string* cell : {&task, &video, &step, &start, &end}) std::getline(cells, *cell, ',');
    lines_of_video[task + "_" + video].push_back({std::stoi(step), std::stoi(start), std::stoi(end) + 1});
  }
  EXPECT_GT(lines_of_video.size(), 1400U);
  std::map<std::string, std::int64_t> frames_of_video;
  for (const auto& [video, lines] : lines_of_video) {
    std::string csv;
    for (const Line& line : lines) {
      csv += fmt::format("{},{}.25,{}\n", line.step, line.start, line.end - 0.5);
      frames_of_video[video] = std::max(frames_of_video[video], static_cast<std::int64_t>(line.end + 7));
    }
    write_file(folder / "annotations" / (video + ".csv"), csv);
  }
  const CrossTask data = read_crosstask(folder.path());
  const ScoresOf scores_of = [&](const CrossTaskVideo& video, std::size_t task) {
    Matrix scores(frames_of_video.at(file_stem(video)),
                  static_cast<std::int64_t>(data.tasks[task].steps.size()));
    const CounterRandom random(3, RandomUse::Weights, task);
    for (std::int64_t i = 0; i < scores.rows() * scores.cols(); ++i)
      scores.data()[i] = random.uniform(static_cast<std::uint64_t>(i));
    return scores;
  };
  const Localization result = localize(data, data.videos, folder.path(), scores_of, {});

  // The same by counting, task after task, with nothing of the code above.
  double sum = 0;
  std::size_t tasks = 0;
  for (const CrossTaskTask& task : data.tasks) {
    std::int64_t found = 0, present = 0;
    for (const auto& [video, lines] : lines_of_video) {
      if (video.rfind(task.id + "_", 0) != 0) continue;
      const double frames = static_cast<double>(frames_of_video.at(video)),
                   count = static_cast<double>(task.steps.size());
      for (std::size_t j = 0; j < task.steps.size(); ++j) {
        const auto guess =
            static_cast<int>(std::floor((static_cast<double>(j) + 0.5) * frames / count + 1e-9));
        bool is_present = false, is_found = false;
        for (const Line& line : lines) {
          if (line.step != static_cast<int>(j) + 1) continue;
          is_present = true;
          is_found |= line.start <= guess && guess < line.end;
        }
        present += is_present ? 1 : 0;
        found += is_found ? 1 : 0;
      }
    }
    if (present == 0) continue;
    sum += static_cast<double>(found) / static_cast<double>(present);
    ++tasks;
  }
  EXPECT_EQ(result.videos.size(), lines_of_video.size());
  EXPECT_NEAR(result.uniform.recalls.mean.pooled, sum / static_cast<double>(tasks), 1e-9);
  EXPECT_NEAR(result.model.recalls.mean.pooled, result.random.recalls.mean.pooled, 0.02)
      << "random scores place steps about as random ways do";
}

}  // namespace
}  // namespace tvr

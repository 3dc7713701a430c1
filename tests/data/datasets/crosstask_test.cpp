#include "data/datasets/crosstask.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "data/fingerprint.h"
#include "tests/support/expect_error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::TempFolder;
using testing::write_file;

constexpr const char* kTasks =
    "23521\nMake Jello Shots\nhttp://example.org/jello\n3\npour water,stir mixture,pour mixture into cup\n\n"
    "91515\nMake Pancakes\nhttp://example.org/pancakes\n1\nadd flour\n\n";

std::vector<CrossTaskTask> tasks_in(const std::string& text) {
  return parse_crosstask_tasks("tasks.txt", text);
}
std::vector<CrossTaskVideo> videos_in(const std::string& text) {
  return parse_crosstask_videos("videos.csv", text);
}
std::vector<StepSegment> segments_in(const std::string& text) {
  return parse_crosstask_annotation("a.csv", text, 3);
}

TEST(CrossTaskTasks, AreBlocksOfFiveLines) {
  for (const std::string& text :
       {std::string(kTasks), "\n\n" + std::string(kTasks).substr(0, std::string(kTasks).size() - 2)}) {
    const std::vector<CrossTaskTask> tasks = tasks_in(text);
    ASSERT_EQ(tasks.size(), 2U);
    EXPECT_EQ(tasks[0].id, "23521");
    EXPECT_EQ(tasks[0].title, "Make Jello Shots");
    EXPECT_THAT(tasks[0].steps, ElementsAre("pour water", "stir mixture", "pour mixture into cup"));
    EXPECT_THAT(tasks[1].steps, ElementsAre("add flour"));
  }
  EXPECT_EQ(tasks_in("1\r\nA\r\nu\r\n2\r\ncut,cut\r\n").front().steps.size(), 2U)
      << "related tasks of the release name a step twice";
}

TEST(CrossTaskTasks, RefuseWhatIsNotATaskByItsLine) {
  const auto refused = [](const std::string& text, const std::string& phrase, Fault fault = Fault::Corrupt) {
    expect_error([&] { (void)tasks_in(text); }, fault, phrase);
  };
  refused("", "tasks.txt: it has no task");
  refused("1\nA\nu\n2\ncut,stir,add\n", "tasks.txt:5: there are 3 names of steps, the line before says 2");
  refused("1\nA\nu\nmany\ncut\n",
          "tasks.txt:4: the number of steps is 'many', wanted a number from 1 to 1000");
  refused("1\nA\nu\n0\n\n", "tasks.txt:4: the number of steps is '0'");
  refused("1\nA\nu\n2\ncut,\n", "tasks.txt:5: the name of step 2 is empty");
  refused("1\nA\nu\n", "ends in a task, before its number of steps");
  refused("1\n\nu\n1\ncut\n", "tasks.txt:2: the title is empty");
  refused("../x\nA\nu\n1\ncut\n", "tasks.txt:1: the id of the task is '../x', wanted a name without slashes");
  refused("1\nA\nu\n1\ncut\n\n1\nA\nu\n1\ncut\n", "tasks.txt:7: the task '1' is there twice");
  refused("1\nA\nu\n1\ncut\xff\n", "not UTF-8", Fault::Unsupported);
  refused(std::string("1\0\n", 3), "NUL byte");
}

TEST(CrossTaskVideos, AreLinesOfTaskVideoAndUrl) {
  EXPECT_THAT(videos_in("1,-D-1sev2dP0,https://example.org/?a=1,2\r\n\n2,_dUOtpdgAHc,u"),
              ElementsAre(CrossTaskVideo{"1", "-D-1sev2dP0"}, CrossTaskVideo{"2", "_dUOtpdgAHc"}));
  EXPECT_EQ(videos_in("1,a,u\n2,a,u\n").size(), 2U) << "a video may show two tasks";
}

TEST(CrossTaskVideos, RefuseOtherLines) {
  const auto refused = [](const std::string& text, const std::string& phrase) {
    expect_error([&] { (void)videos_in(text); }, Fault::Corrupt, phrase);
  };
  refused("", "it has no video");
  refused("1,a,u\n1,b\n", "videos.csv:2: the line has 2 of 3 cells: '1,b'. A line has task, video, URL");
  refused("1,../../etc/passwd,u\n", "videos.csv:1: the video is '../../etc/passwd'");
  refused(",a,u\n", "videos.csv:1: the task is ''");
  refused("1,a,u\n1,b,u\n1,a,u\n", "videos.csv:3: the video 'a' of task 1 is there twice");
}

TEST(CrossTaskAnnotation, IsLinesOfStepStartAndEnd) {
  const std::vector<StepSegment> segments = segments_in("3,7.99,8.01\n1,2,4.5\r\n1,9.0,9.0\n");
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_EQ(segments[0].step, 2);
  EXPECT_EQ(segments[0].start_s, 7.99);
  EXPECT_EQ(segments[1].end_s, 4.5);
  EXPECT_TRUE(segments_in("").empty()) << "a video may show no step";
}

TEST(CrossTaskAnnotation, RefusesOtherLines) {
  const auto refused = [](const std::string& text, const std::string& phrase) {
    expect_error([&] { (void)segments_in(text); }, Fault::Corrupt, phrase);
  };
  refused("1,2,3\n4,2,3\n", "a.csv:2: the step is '4', wanted a number from 1 to 3");
  refused("0,2,3\n", "the step is '0'");
  refused("1.5,2,3\n", "the step is '1.5'");
  refused("1,-2,3\n", "the start is '-2', wanted a number from 0 to 1000000000");
  refused("1,nan,3\n", "the start is 'nan'");
  refused("1,2,inf\n", "the end is 'inf'");
  refused("1,2,3,4\n", "the end is '3,4'");
  refused("1,5,3\n", "the step ends at 3 s, before its start at 5 s");
  refused("step,start,end\n", "the step is 'step'");
  refused("1;2;3\n", "the line has 1 of 3 cells");
}

class CrossTaskFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(folder_ / "tasks_primary.txt", kTasks);
    write_file(folder_ / "videos.csv", "91515,a,u\n7,x,u\n23521,b,u\n23521,c,u\n");
    write_file(folder_ / "videos_val.csv", "23521,c,u\n");
  }
  TempFolder folder_;
};

TEST_F(CrossTaskFolder, HasTheVideosOfPrimaryTasks) {
  const CrossTask data = read_crosstask(folder_.path());
  EXPECT_THAT(data.videos, ElementsAre(CrossTaskVideo{"91515", "a"}, CrossTaskVideo{"23521", "b"},
                                       CrossTaskVideo{"23521", "c"}));
  EXPECT_THAT(data.held_out, ElementsAre(CrossTaskVideo{"23521", "c"}));
  EXPECT_EQ(data.task_index("91515"), 1U);
  expect_error([&] { (void)data.task_index("7"); }, Fault::NotFound, "no primary task '7'");
}

TEST_F(CrossTaskFolder, MayHaveNoVideoOfATaskThatNoListHas) {
  write_file(folder_ / "tasks_related.txt", "8\nA\nu\n1\ncut\n");
  expect_error([&] { (void)read_crosstask(folder_.path()); }, Fault::Mismatch,
               "the video 'x' is of task '7', which neither list of tasks has");
  write_file(folder_ / "tasks_related.txt", "7\nA\nu\n1\ncut\n");
  EXPECT_EQ(read_crosstask(folder_.path()).videos.size(), 3U);
}

TEST_F(CrossTaskFolder, NamesTheListThatIsMissing) {
  std::filesystem::remove(folder_ / "videos_val.csv");
  expect_error([&] { (void)read_crosstask(folder_.path()); }, Fault::NotFound, "videos_val.csv");
}

TEST_F(CrossTaskFolder, HasAnAnnotationForSomeVideos) {
  write_file(folder_ / "annotations/23521_b.csv", "2,1,2\n");
  const auto annotation = read_crosstask_annotation(folder_.path(), {"23521", "b"}, 3);
  ASSERT_TRUE(annotation);
  EXPECT_EQ(annotation->front().step, 1);
  EXPECT_FALSE(read_crosstask_annotation(folder_.path(), {"23521", "c"}, 3));
  write_file(folder_ / "annotations/23521_c.csv", "9,1,2\n");
  expect_error(
      [&] {
        (void)read_crosstask_annotation(folder_.path(), {"23521", "c"}, 3);
      },
      Fault::Corrupt, "23521_c.csv:1: the step is '9'");
}

CrossTask numbered(const std::vector<std::pair<std::string, int>>& tasks) {
  CrossTask data;
  for (const auto& [task, videos] : tasks) {
    data.tasks.push_back({task, task, {"cut"}});
    for (int v = 0; v < videos; ++v) data.videos.push_back({task, fmt::format("{}", v)});
  }
  return data;
}

std::vector<std::string> training_videos(const CrossTask& data, const std::string& task,
                                         std::uint32_t training = 30) {
  const std::vector<CrossTaskVideo> test = crosstask_test_videos(data, 0, training);
  std::vector<std::string> names;
  for (const CrossTaskVideo& video : data.videos)
    if (video.task == task && std::find(test.begin(), test.end(), video) == test.end())
      names.push_back(video.name);
  return names;
}

/// np.random.seed(0); np.random.choice(200, 30, replace=False), by numpy 1.24.2.
TEST(CrossTaskSplit, DrawsThirtyTrainingVideosAsNumpy) {
  std::vector<int> drawn = {18, 170, 107, 98, 177, 182, 5,   146, 12,  152, 61,  125, 180, 154, 80,
                            7,  33,  130, 37, 74,  183, 145, 45,  159, 60,  123, 179, 185, 122, 44};
  std::sort(drawn.begin(), drawn.end());
  std::vector<std::string> names;
  for (const int video : drawn) names.push_back(fmt::format("{}", video));
  EXPECT_EQ(training_videos(numbered({{"a", 200}}), "a"), names);
}

/// Of one generator: permutation(5) = 2 0 1 3 4, then permutation(4) = 0 2 1 3.
TEST(CrossTaskSplit, DrawsTaskAfterTaskInTheOrderOfTheList) {
  CrossTask data = numbered({{"few", 2}, {"a", 5}, {"b", 4}});
  std::swap(data.tasks.front(), data.tasks.back());  // the list of tasks does not matter
  EXPECT_THAT(training_videos(data, "few", 2), ElementsAre("0", "1")) << "no more than 2: all for training";
  EXPECT_THAT(training_videos(data, "a", 2), ElementsAre("0", "2"));
  EXPECT_THAT(training_videos(data, "b", 2), ElementsAre("0", "2"));
}

TEST(CrossTaskSplit, LeavesTheHeldOutVideosOfATaskOut) {
  CrossTask data = numbered({{"x", 3}, {"a", 7}});
  data.held_out = {{"a", "0"}, {"a", "4"}, {"x", "1"}, {"other", "2"}};
  EXPECT_THAT(crosstask_test_videos(data, 0, 2),  // of 1 2 3 5 6 places 2 and 0 are drawn
              ElementsAre(CrossTaskVideo{"a", "2"}, CrossTaskVideo{"a", "5"}, CrossTaskVideo{"a", "6"}));
}

TEST(CrossTaskSplit, OfTheReleaseHas1850TestVideos) {
  TVR_NEEDS_SHARED("golden");
  const CrossTask data = read_crosstask(testing::shared_data("corpus/crosstask"));
  EXPECT_EQ(data.tasks.size(), 18U);
  EXPECT_EQ(data.videos.size(), 2750U);
  const std::vector<CrossTaskVideo> test = crosstask_test_videos(data);
  EXPECT_EQ(test.size(), 1850U);
  const auto golden =
      nlohmann::json::parse(std::ifstream(testing::shared_data("golden/crosstask_split_seed0.json")));
  std::map<std::string, std::string> names;
  for (const CrossTaskVideo& video : test)
    names[video.task] += (names[video.task].empty() ? "" : "\n") + video.name;
  ASSERT_EQ(names.size(), golden["tasks"].size());
  for (const auto& [task, split] : golden["tasks"].items())
    EXPECT_EQ(sha256(names[task]), split["sha256_of_test_ids_joined_by_newline"].get<std::string>()) << task;
}

}  // namespace
}  // namespace tvr

#include "data/datasets/shard.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <set>

#include "tests/support/expect_error.h"

namespace tvr {
namespace {

std::vector<VideoSource> videos(int count) {
  std::vector<VideoSource> all;
  for (int i = 0; i < count; ++i) all.push_back({"video" + std::to_string(i), "v"});
  return all;
}

TEST(Shard, PartsAreDisjointAndCoverEverything) {
  std::set<std::string> seen;
  for (std::uint64_t part = 1; part <= 7; ++part) {
    for (const VideoSource& video : shard_of(videos(500), {part, 7})) {
      EXPECT_TRUE(seen.insert(video.id).second) << video.id;
    }
  }
  EXPECT_EQ(seen.size(), 500u);
}

TEST(Shard, DoesNotMoveAVideoWhenOthersAreAdded) {
  const auto few = shard_of(videos(100), {2, 4}), many = shard_of(videos(1000), {2, 4});
  ASSERT_LT(few.size(), many.size());
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i].id, many[i].id);
}

TEST(Shard, NumbersAreThoseOfTheirParts) {
  for (const VideoSource& video : shard_of(videos(100), {3, 7})) EXPECT_EQ(shard_number(video.id, 7), 3U);
}

TEST(Shard, ArraysAreWrittenAsSlurmTakesThem) {
  EXPECT_EQ(array_expression({}), "");
  EXPECT_EQ(array_expression({5}), "5");
  EXPECT_EQ(array_expression({1, 2, 3, 7, 12, 13}), "1-3,7,12-13");
}

TEST(Shard, IsNamedByItsNumberAndHowManyThereAre) {
  EXPECT_EQ(shard_named("3/16").index, 3u);
  EXPECT_EQ(shard_named("3/16").count, 16u);
  EXPECT_EQ(shard_named("1/1").count, 1u);
}

TEST(Shard, RefusesWhatIsNotAPartOfAWhole) {
  for (const char* text : {"", "3", "0/4", "5/4", "1/0", "1/2/3", "-1/4", "a/b", "1/ 4"}) {
    testing::expect_error([&] { (void)shard_named(text); }, Fault::InvalidArgument, "for example, 3/16");
  }
}

/// Sets variables of a launcher, and takes all of them away at the end.
class ShardOfJob : public ::testing::Test {
 protected:
  ShardOfJob() { clear(); }
  ~ShardOfJob() override { clear(); }
  static void set(const std::map<std::string, std::string>& variables) {
    clear();
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  static void clear() {
    for (const char* name : {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
                             "SLURM_ARRAY_TASK_COUNT", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "RANK",
                             "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_NUM_TASKS"})
      ::unsetenv(name);
  }
};

std::map<std::string, std::string> array_task(const char* id, const char* first, const char* last,
                                              const char* count) {
  return {{"SLURM_ARRAY_TASK_ID", id},
          {"SLURM_ARRAY_TASK_MIN", first},
          {"SLURM_ARRAY_TASK_MAX", last},
          {"SLURM_ARRAY_TASK_COUNT", count}};
}

TEST_F(ShardOfJob, OfASlurmArrayCountsFromItsFirstTask) {
  for (const auto& [id, first, last] : {std::array{"0", "0", "3"}, {"1", "1", "4"}, {"17", "17", "20"}}) {
    set(array_task(id, first, last, "4"));
    EXPECT_EQ(shard_named("slurm").index, 1U) << id;
    EXPECT_EQ(shard_named("slurm").count, 4U) << id;
  }
  set({{"SLURM_ARRAY_TASK_ID", "2"}, {"SLURM_ARRAY_TASK_MIN", "0"}, {"SLURM_ARRAY_TASK_COUNT", "4"}});
  EXPECT_EQ(shard_named("slurm").index, 3U);  // as schedulers that imitate it say it
  set(array_task("20", "17", "20", "4"));
  EXPECT_EQ(shard_named("slurm").index, 4U);
}

TEST_F(ShardOfJob, OfAnArrayWithGapsIsNotKnown) {
  for (const auto& task :
       {array_task("7", "2", "7", "2"), array_task("9", "1", "4", "4"), array_task("1", "1", "1", "0"),
        array_task("1", "4", "1", "4"), array_task("0", "0", "18446744073709551615", "0")}) {
    set(task);
    testing::expect_error([] { (void)shard_of_environment(); }, Fault::InvalidArgument,
                          "--shard $SLURM_ARRAY_TASK_ID/N");
  }
}

TEST_F(ShardOfJob, OfMpirunTorchrunAndSrunIsTheRankCountedFromOne) {
  for (const auto& [rank, size] : {std::pair{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                   {"RANK", "WORLD_SIZE"},
                                   {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}}) {
    set({{rank, "2"}, {size, "3"}});
    EXPECT_EQ(shard_named("slurm").index, 3U) << rank;
    EXPECT_EQ(shard_named("slurm").count, 3U) << rank;
    set({{rank, "3"}, {size, "3"}});
    testing::expect_error([] { (void)shard_of_environment(); }, Fault::InvalidArgument, size);
    set({{rank, "0"}});
    testing::expect_error(
        [] { (void)shard_of_environment(); }, Fault::InvalidArgument,
        std::string(rank) == "SLURM_PROCID" ? "in a batch script by srun" : "is not set, though");
    set({{rank, "-1"}, {size, "3"}});
    testing::expect_error([] { (void)shard_of_environment(); }, Fault::InvalidArgument, "is no number: '-1'");
  }
}

TEST_F(ShardOfJob, OfABatchScriptIsRefusedThoughSlurmNumbersIt) {
  set({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}});
  testing::expect_error([] { (void)shard_of_environment(); }, Fault::InvalidArgument,
                        "in a batch script by srun");
}

TEST_F(ShardOfJob, OfProcessesInTheTasksOfAnArrayAreAllDifferent) {
  std::set<std::uint64_t> seen;
  for (const char* task : {"0", "1", "2"}) {
    for (const char* process : {"0", "1"}) {
      auto variables = array_task(task, "0", "2", "3");
      variables["SLURM_PROCID"] = process;
      variables["SLURM_STEP_NUM_TASKS"] = "2";
      set(variables);
      EXPECT_EQ(shard_of_environment().count, 6U);
      seen.insert(shard_of_environment().index);
    }
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{1, 2, 3, 4, 5, 6}));
  auto batch_script = array_task("1", "0", "2", "3");
  batch_script["SLURM_PROCID"] = "0";
  set(batch_script);
  EXPECT_EQ(shard_of_environment().index, 2U);
}

TEST_F(ShardOfJob, OutsideOfAJobIsRefused) {
  testing::expect_error([] { (void)shard_named("slurm"); }, Fault::InvalidArgument,
                        "this is no task of a Slurm array");
}

}  // namespace
}  // namespace tvr

// The store by way of the real program: what is extracted again, what a kill leaves, what each command says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <tuple>

#include "data/store/feature_store.h"
#include "data/store/store_inspector.h"
#include "data/tensors/pth.h"
#include "extract/networks/demo_networks.h"
#include "pipeline/cluster/slurm_scripts.h"
#include "tests/data/store/store_fixture.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::Program;
using testing::ProgramResult;
using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

ProgramResult run_pipeline(const Words& words) {
  const testing::TempFolder folder;
  return Program(folder.path(), TVR_PIPELINE, words).wait();
}

class StoreProgram : public ::testing::Test {
 protected:
  StoreProgram() {
    std::filesystem::create_directory(folder_ / "videos");
    for (int i = 0; i < kVideos; ++i) write_clip("v" + std::to_string(i), 30 + i);
    for (const std::uint64_t seed : {1, 2}) {
      write_pth(weights(seed), random_weights(demo2d(), seed));
    }
    write_pth(folder_ / "3d.pth", random_weights(demo3d(), 1));
  }

  void write_clip(const std::string& id, int frames) const {
    testing::write_video(video(id), {"ffv1", 64, 48, testing::at_rate(25, frames)});
  }
  std::filesystem::path video(const std::string& id) const { return folder_ / ("videos/" + id + ".mkv"); }
  std::filesystem::path weights(std::uint64_t seed) const {
    return folder_ / ("w" + std::to_string(seed) + ".pth");
  }

  Words extraction(const std::filesystem::path& store, const Words& more = {}) const {
    Words words = {"--quiet", "extract",      "--json",     "--videos",     (folder_ / "videos").string(),
                   "--store", store,          "--model-2d", "demo2d",       "--model-3d",
                   "demo3d",  "--weights-2d", weights(1),   "--weights-3d", folder_ / "3d.pth"};
    for (const std::string& word : more) {
      const auto flag = std::find(words.begin(), words.end(), word);
      if (flag != words.end() && word.compare(0, 2, "--") == 0) words.erase(flag, flag + 2);  // said anew
      words.push_back(word);
    }
    return words;
  }
  json extract(const Words& more = {}) const { return json_of(run_pipeline(extraction(store_, more))); }

  static json json_of(const ProgramResult& said) {
    EXPECT_EQ(said.err, "") << said.out;
    return json::parse(said.out, nullptr, false);
  }
  json store(const std::string& command, const Words& more = {}) const {
    Words words = {"store", command, store_, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return json_of(run_pipeline(words));
  }

  /// Each video, lane and recipe with what cannot be the same after it was done again.
  std::map<std::string, std::tuple<std::string, double>> rows() const {
    std::map<std::string, std::tuple<std::string, double>> rows;
    for (const OutcomeRow& row : StoreInspector(store_).outcomes({}))
      rows[row.video + " " + row.lane + " " + row.recipe] = {row.content, row.seconds};
    return rows;
  }
  Digest digest() const { return FeatureStore(store_).content_digest(); }

  static constexpr int kVideos = 4;
  testing::TempFolder folder_;
  std::string store_ = folder_ / "s.db";
};

TEST_F(StoreProgram, RedoesExactlyWhatABytesOrARecipeChangeConcerns) {
  EXPECT_EQ(extract()["extracted"], kVideos);
  const auto first = rows();
  ASSERT_EQ(first.size(), 2U * kVideos);

  write_clip("v2", 60);
  EXPECT_EQ(extract()["extracted"], 1) << "a video with other bytes";
  for (const auto& [name, row] : rows())
    EXPECT_EQ(first.at(name) == row, name.compare(0, 2, "v2") != 0) << name;

  for (const Words& change : {Words{"--weights-2d", weights(2)}, Words{"--preset", "howto100m-2019"},
                              Words{"--precision", "bf16"}}) {
    const auto before = rows();
    EXPECT_EQ(extract(change)["extracted"], kVideos) << change[0];
    const auto after = rows();
    for (const auto& [name, row] : before) EXPECT_EQ(after.at(name), row) << change[0] << " leaves " << name;
    const std::size_t lanes = change[0] == "--weights-2d" ? 1 : 2;
    EXPECT_EQ(after.size(), before.size() + lanes * kVideos) << "exactly the lanes concerned: " << change[0];
  }
  const auto before = rows();
  const ProgramResult other_model =
      run_pipeline({"--quiet", "extract", "--json", "--videos", folder_ / "videos", "--store", store_,
                    "--lanes", "2d", "--model-2d", "resnet18", "--random-weights"});
  EXPECT_EQ(json::parse(other_model.out)["extracted"], kVideos);
  EXPECT_THAT(other_model.err, HasSubstr("RANDOM"));
  EXPECT_EQ(rows().size(), before.size() + kVideos);
}

TEST_F(StoreProgram, RedoesNothingForATouchThreadsBatchesBudgetsOrAMove) {
  extract({"--jobs", "1"});
  const auto before = rows();
  std::filesystem::last_write_time(video("v1"), std::filesystem::file_time_type::clock::now());
  EXPECT_EQ(extract({"--jobs", "4", "--clip-batch", "8", "--max-seconds", "77"})["fresh"], kVideos);
  std::filesystem::rename(folder_ / "videos", folder_ / "moved");
  EXPECT_EQ(extract({"--videos", folder_ / "moved"})["fresh"], kVideos);
  EXPECT_EQ(rows(), before);
}

TEST_F(StoreProgram, ARunThatFailsLeavesTheStoreAsItWas) {
  extract();
  const auto before = rows();
  std::ofstream(folder_ / "bad.pth") << "no weights";
  std::filesystem::create_symlink("nowhere", video("v9"));
  for (const Words& change : {Words{"--precision", "fp16"}, Words{"--weights-2d", folder_ / "bad.pth"}}) {
    EXPECT_EQ(run_pipeline(extraction(store_, change)).exit_code, 1) << change[0];
    EXPECT_EQ(FeatureStore(store_).recipes().size(), 2U) << change[0];
    EXPECT_EQ(rows(), before) << change[0];
  }
}

TEST_F(StoreProgram, CtrlCStopsTheHashingOfAHugeVideo) {
  std::filesystem::resize_file(video("v0"), std::uintmax_t{1} << 38U);  // a hole: no room is taken
  Program program(folder_.path(), TVR_PIPELINE, extraction(store_));
  while (program.is_running() && !std::filesystem::exists(store_)) usleep(1000);
  usleep(300'000);
  const auto start = Clock::now();
  program.signal(SIGINT);
  const ProgramResult result = program.wait();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2)) << "0.2 s on an idle machine";
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.err, HasSubstr("hashed"));
}

TEST_F(StoreProgram, RefusesToTrainOnTwoRecipesNamingBoth) {
  extract();
  extract({"--weights-2d", weights(2)});
  std::ofstream(folder_ / "captions.csv")
      << "video,caption\nv0,a dog runs\nv1,a cat runs\nv2,a dog sits\nv3,a cat sits\n";
  const ProgramResult said = run_pipeline(
      {"train", "--store", store_, "--captions", folder_ / "captions.csv", "--out", folder_ / "run"});
  EXPECT_EQ(said.exit_code, 1) << said.err;
  EXPECT_THAT(said.err, HasSubstr("choose one with --feature-recipe"));
  for (const RecipeRow& row : FeatureStore(store_).recipes()) {
    if (row.recipe.lane != "2d") continue;
    EXPECT_THAT(said.err, HasSubstr(row.recipe.identity().substr(0, 12)));
  }
}

TEST_F(StoreProgram, KilledAtAnyMomentAndStartedAgainItHoldsWhatAnUndisturbedRunHolds) {
  const bool is_long = std::getenv("TVR_LONG_TESTS") != nullptr;
  const int kills = is_long ? 50 : 2;
  for (int i = kVideos; i < 2 * kVideos; ++i) write_clip("v" + std::to_string(i), 30 + i);
  store_ = folder_ / "whole.db";
  const auto start = Clock::now();
  extract({"--jobs", "2"});
  const std::chrono::duration<double, std::micro> whole_us = Clock::now() - start;
  const Digest whole = digest();
  std::mt19937 random(1);
  int cut_short = 0, partly = 0;
  for (int round = 0; round < kills; ++round) {
    store_ = folder_ / ("killed" + std::to_string(round) + ".db");
    Program program(folder_.path(), TVR_PIPELINE, extraction(store_, {"--jobs", "2"}));
    const double share =
        0.3 + 0.7 * static_cast<double>(random() % 1000) / 1000;  // the first part loads libraries
    usleep(static_cast<useconds_t>(share * whole_us.count()));
    program.signal(SIGKILL);
    cut_short += program.wait().exit_code == 128 + SIGKILL ? 1 : 0;
    const int fresh = extract({"--jobs", "2"})["fresh"];
    partly += fresh > 0 && fresh < 2 * kVideos ? 1 : 0;
    EXPECT_EQ(digest(), whole) << "round " << round;
  }
  RecordProperty("cut_short", cut_short);
  RecordProperty("partly", partly);
  std::printf("%d of %d killed before their end, %d of them between the first and the last video\n",
              cut_short, kills, partly);
  EXPECT_GT(cut_short, 0);
}

TEST_F(StoreProgram, MissingTellsTheTimeLeftAtThePaceSoFar) {
  {
    FeatureStore made(store_, FeatureStore::Access::ReadWrite);
    const std::int64_t recipe = made.add_recipe({"2d", "{}", "random:seed=1"});
    made.write(testing::extracted("v0", recipe));
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // the store keeps whole seconds
    made.write(testing::extracted("v1", recipe));
  }
  const ProgramResult said =
      run_pipeline({"store", "missing", store_, "--videos", folder_ / "videos", "--json"});
  const double left_s = json::parse(said.out)["shards"][0]["seconds_left"];
  EXPECT_GE(left_s, 2) << "two of four videos, a second or more each";
  EXPECT_LT(left_s, 60);
}

TEST_F(StoreProgram, ShardsTellWhatTheyLackAndMergeToTheDigestOfOneRun) {
  extract();
  const json one = store("stats");
  EXPECT_EQ(one["digest"], digest());
  Words shards;
  for (const char* shard : {"1/2", "2/2"}) {
    shards.push_back(folder_ / (std::string("shard") + shard[0] + ".db"));
    (void)run_pipeline(extraction(shards.back(), {"--shard", shard}));
  }
  const auto missing = [&](const Words& words) {
    Words all = {"store", "missing", "--videos", folder_ / "videos"};
    all.insert(all.end(), words.begin(), words.end());
    return run_pipeline(all);
  };
  EXPECT_EQ(missing(shards).exit_code, 0);
  const json lacks = json::parse(missing({shards[0], "--shards", "2", "--json"}).out);
  EXPECT_TRUE(lacks["shards"][0]["missing"].empty());
  EXPECT_EQ(lacks["shards"][1]["missing"].size(), lacks["shards"][1]["videos"]);
  EXPECT_GT(lacks["shards"][1]["videos"], 0);
  EXPECT_TRUE(lacks["shards"][1]["seconds_left"].is_null()) << "nothing of it is done";
  EXPECT_THAT(missing({shards[0], "--shards", "2"}).out,
              HasSubstr(std::to_string(lacks["shards"][0]["videos"].get<int>()) + " of 4 videos done ("));
  const ProgramResult slurm = missing({shards[0], "--shards", "2", "--slurm"});
  EXPECT_EQ(slurm.exit_code, 2);
  EXPECT_EQ(slurm.out, "2\n");
  EXPECT_EQ(missing({shards[0], "--shard", "1/2"}).exit_code, 0);
  EXPECT_EQ(missing({shards[0], "--shard", "2/2"}).exit_code, 2);
  const ProgramResult wrong = missing({shards[0], "--shard", "3/2"});
  EXPECT_EQ(wrong.exit_code, 64);
  EXPECT_THAT(wrong.err, HasSubstr("--shard: '3/2' is not I/N with 1 <= I <= N"));

  store_ = folder_ / "all.db";
  EXPECT_EQ(store("merge", {shards[1], shards[0]})["digest"], one["digest"]);
}

TEST_F(StoreProgram, AVideoWhoseFileIsGoneIsMissingButTried) {
  const std::string list = folder_ / "list.csv";
  std::ofstream(list) << "path,video_id\nvideos/v0.mkv,v0\nvideos/gone.mkv,gone\n";
  Words words = extraction(store_);
  words[3] = "--list", words[4] = list;  // in place of --videos
  EXPECT_EQ(run_pipeline(words).exit_code, 2);
  const ProgramResult missing = run_pipeline({"store", "missing", store_, "--list", list});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_EQ(missing.out, "gone\n");
  EXPECT_EQ(run_pipeline({"store", "missing", store_, "--list", list, "--untried"}).exit_code, 0);
}

TEST_F(StoreProgram, AStoreOfAShardRefusesAnotherDivision) {
  (void)run_pipeline(extraction(store_, {"--shard", "1/2"}));
  const ProgramResult other = run_pipeline(extraction(store_, {"--shard", "1/3"}));
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("it holds videos of one of 2 shards, and --shard names one of 3"));
  EXPECT_EQ(run_pipeline(extraction(store_, {"--shard", "2/2"})).exit_code, 0);
  EXPECT_EQ(rows().size(), 2U * kVideos);
}

TEST_F(StoreProgram, SeveralStoresAreShownAndReadAsOneByAPattern) {
  extract();
  const std::string one = digest();
  std::filesystem::create_directory(folder_ / "parts");
  for (const char* shard : {"1", "2", "3"})
    (void)run_pipeline(extraction(folder_ / ("parts/" + std::string(shard) + ".db"),
                                  {"--shard", std::string(shard) + "/3"}));
  store_ = folder_ / "parts/*.db";
  const json stats = store("stats", {"--digest"});
  EXPECT_EQ(stats["digest"], one);
  EXPECT_EQ(stats["stores"].size(), 3U);
  EXPECT_EQ(store("stats")["digest"], json()) << "only when asked for";
  const json listed = store("ls");
  ASSERT_EQ(listed.size(), 2U * kVideos);
  EXPECT_EQ(store("ls", {"--limit", "3"}).size(), 3U);
  EXPECT_THAT(listed[0]["store"].get<std::string>(), HasSubstr("parts/"));
  EXPECT_EQ(run_pipeline({"store", "missing", store_, "--videos", folder_ / "videos"}).exit_code, 0);
  (void)run_pipeline({"store", "export", store_, "--npy", folder_ / "out"});
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out/2d/v3.npy"));
  EXPECT_EQ(store("stats", {folder_ / "parts/2.db", "--digest"}), store("stats", {"--digest"}))
      << "a store named twice counts once";
  store_ = folder_ / "merged.db";
  EXPECT_EQ(store("merge", {folder_ / "parts/*.db"})["digest"], one);
  const ProgramResult none = run_pipeline({"store", "stats", folder_ / "nothing/*.db"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, HasSubstr("no store matches this pattern"));
}

TEST_F(StoreProgram, WorksInAScratchFolderAndBringsTheStoreHome) {
  extract();
  const std::string one = digest();
  store_ = folder_ / "shared/home.db";
  EXPECT_EQ(extract({"--scratch", folder_ / "local"})["extracted"], kVideos);
  EXPECT_EQ(digest(), one);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "local"))
    EXPECT_TRUE(entry.is_directory()) << entry.path();
  EXPECT_EQ(extract({"--scratch", folder_ / "local"})["fresh"], kVideos);

  const ProgramResult unset = run_pipeline(extraction(store_, {"--scratch", ""}));
  EXPECT_EQ(unset.exit_code, 64);
  EXPECT_THAT(unset.err, HasSubstr("is the variable set that names the folder?"));
  std::ofstream(store_) << "no store";
  const ProgramResult damaged = run_pipeline(extraction(store_, {"--scratch", folder_ / "local"}));
  EXPECT_EQ(damaged.exit_code, 1);
  EXPECT_THAT(damaged.err, HasSubstr(store_)) << "not its copy's name, which nobody has chosen";
}

TEST_F(StoreProgram, IsCompactedOnlyWhereThereIsOne) {
  extract();
  const std::string before = digest();
  EXPECT_GT(store("compact")["bytes"], 0);
  EXPECT_EQ(digest(), before);
  EXPECT_EQ(run_pipeline({"store", "compact", folder_ / "none.db"}).exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none.db"));
  const ProgramResult several = run_pipeline({"store", "compact", folder_ / "*.db"});
  EXPECT_EQ(several.exit_code, 64);
  EXPECT_THAT(several.err, HasSubstr("names a set of stores, which is only read"));
}

TEST_F(StoreProgram, AClustersTasksMakeTheStoresOfOneExtraction) {
  extract();
  const std::string one = digest();
  const std::string out = folder_ / "cluster out";
  Words words = extraction("");
  words[1] = "cluster", words[2] = "extract";         // in place of: extract --json
  words.erase(words.begin() + 5, words.begin() + 7);  // --store
  words.insert(words.end(), {"--tasks", "2", "--out", out, "--scratch", folder_ / "local"});
  const ProgramResult lines = run_pipeline(words);
  ASSERT_EQ(lines.exit_code, 0) << lines.err;
  EXPECT_EQ(lines.out, "job=$(sbatch --parsable '" + out + "/task.sh')\nsbatch --dependency=afterany:$job '" +
                           out + "/finish.sh'\n");
  for (const char* task : {"1", "2"}) {
    const ProgramResult said = Program(folder_.path(), "/bin/bash", {out + "/task.sh"},
                                       {{"SLURM_ARRAY_TASK_ID", task}, {"SLURM_ARRAY_JOB_ID", "1"}})
                                   .wait();
    EXPECT_EQ(said.exit_code, 0) << said.err;
  }
  const ProgramResult finished = Program(folder_.path(), "/bin/bash", {out + "/finish.sh"}).wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("All videos were tried."));
  store_ = out + "/parts/*.db";
  EXPECT_EQ(digest(), one);

  EXPECT_EQ(run_pipeline(words).exit_code, 0) << "the same job again";
  for (const Words& change : {Words{"--tasks", "3"}, Words{"--weights-2d", weights(2)}}) {
    Words another = words;
    *(std::find(another.begin(), another.end(), change[0]) + 1) = change[1];
    const ProgramResult refused = run_pipeline(another);
    EXPECT_EQ(refused.exit_code, 1) << change[0];
    EXPECT_THAT(refused.err, HasSubstr("has the job of an extraction with other options"));
  }

  const ProgramResult wrong = run_pipeline(
      {"cluster", "extract", "--videos", folder_ / "videos", "--tasks", "2", "--out", folder_ / "other"});
  EXPECT_NE(wrong.exit_code, 0) << "networks without weights";
  EXPECT_FALSE(std::filesystem::exists(folder_ / "other"));
}

TEST_F(StoreProgram, CollectsWhatNoVideoOrRecipeWantsOnlyWhenTold) {
  extract();
  extract({"--weights-2d", weights(2)});
  std::filesystem::remove(video("v3"));
  EXPECT_EQ(store("gc")["unwanted"].size(), 3U) << "v3 in 2d twice and in 3d";
  EXPECT_EQ(rows().size(), 3U * kVideos) << "shown, not dropped";
  const json in_3d = store("ls", {"--lane", "3d"});
  ASSERT_EQ(in_3d.size(), static_cast<std::size_t>(kVideos));
  const std::string kept = in_3d[0]["recipe"];
  const json dropped = store("gc", {"--keep", kept.substr(0, 8), "--drop", "--compact"});
  EXPECT_EQ(dropped["unwanted"].size(), 2U * kVideos + 1);
  EXPECT_EQ(rows().size(), kVideos - 1U);
  EXPECT_EQ(FeatureStore(store_).recipes().size(), 1U);
  EXPECT_TRUE(store("verify")["damaged"].empty());
  std::filesystem::rename(folder_ / "videos", folder_ / "unmounted");
  const ProgramResult all = run_pipeline({"store", "gc", store_, "--drop"});
  EXPECT_EQ(all.exit_code, 64);
  EXPECT_THAT(all.err, HasSubstr("mounted"));
  EXPECT_EQ(rows().size(), kVideos - 1U);
}

TEST_F(StoreProgram, ShowsAVideoAndItsRowsOverTime) {
  extract();
  const json shown = store("show", {"v3"});
  EXPECT_EQ(shown["video"], "v3");
  ASSERT_EQ(shown["lanes"].size(), 2U);
  const json& three = shown["lanes"][1];
  EXPECT_EQ(three["lane"], "3d");
  EXPECT_EQ(three["norms"].size(), three["feature_rows"]);
  EXPECT_NEAR(three["norms"][0].get<double>(), 1, 2e-3);
  EXPECT_EQ(three["changes"].size() + 1, three["norms"].size());
  const ProgramResult said = run_pipeline({"store", "show", store_, "v3"});
  for (const char* part : {"lane 2d: ok", "sha256", "\xe2\x96\x88", "weights sha256:", "1 - cosine"})
    EXPECT_THAT(said.out, HasSubstr(part));
  EXPECT_EQ(run_pipeline({"store", "show", store_, "v*"}).exit_code, 1);
}

TEST_F(StoreProgram, AVideoWhoseNameBeginsWithAHyphenIsReachedByIt) {
  std::filesystem::rename(video("v0"), video("-4ws"));
  const std::string list = folder_ / "list.csv";
  std::ofstream(list) << "path,video_id\nvideos/-4ws.mkv,-4ws\n";
  EXPECT_EQ(extract()["extracted"], kVideos);
  EXPECT_EQ(json_of(run_pipeline({"store", "show", store_, "--json", "--", "-4ws"}))["video"], "-4ws");
  EXPECT_THAT(run_pipeline({"store", "show", store_, "-bPL"}).err, HasSubstr("write -- before it"));
  for (const Words& glob : {Words{"--video", "-4*"}, Words{"--video=-4*"}})
    EXPECT_EQ(store("ls", glob).size(), 2U) << glob[0];
  EXPECT_THAT(run_pipeline({"store", "ls", store_}).out, HasSubstr("\n-4ws "));
  run_pipeline({"store", "export", store_, "--npy", folder_ / "npy"});
  EXPECT_TRUE(std::filesystem::exists(folder_ / "npy/2d/-4ws.npy"));
  EXPECT_EQ(run_pipeline({"store", "missing", store_, "--list", list}).exit_code, 0);
  EXPECT_EQ(run_pipeline({"store", "missing", folder_ / "none.db", "--list", list}).exit_code, 1);
}

TEST_F(StoreProgram, ASecondFileOfAStemChangesNoIdOfTheFirst) {
  EXPECT_EQ(extract()["extracted"], kVideos);
  const auto first = rows();
  testing::write_video(folder_ / "videos/v0.avi", {"ffv1", 64, 48, testing::at_rate(25, 40)});
  EXPECT_EQ(extract()["extracted"], 1);
  auto both = rows();
  EXPECT_EQ(both.size(), first.size() + 2);
  for (const auto& [name, row] : first) EXPECT_EQ(both.at(name), row) << name;
  EXPECT_EQ(store("ls", {"--video", "v0.avi"}).size(), 2U);
  EXPECT_TRUE(store("gc", {"--videos", folder_ / "videos"})["unwanted"].empty());
  EXPECT_EQ(run_pipeline({"store", "missing", store_, "--videos", folder_ / "videos"}).exit_code, 0);
  std::filesystem::remove(video("v0"));
  EXPECT_EQ(extract()["extracted"], 0) << "v0.avi is what it was";
}

TEST_F(StoreProgram, WhatIsNoRegularFileIsNoStoreForAnyCommand) {
  const std::string fifo = folder_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const char* command : {"ls", "stats", "verify", "gc"}) {
    for (const std::string& path : {fifo, std::string("/dev/null"), folder_.path().string()}) {
      const ProgramResult said = run_pipeline({"store", command, path});
      EXPECT_EQ(said.exit_code, 1) << command;
      EXPECT_THAT(said.err, HasSubstr("not a regular file")) << command;
    }
  }
  for (const std::string& path : {fifo, std::string("/dev/null"), folder_.path().string()})
    EXPECT_THAT(run_pipeline(extraction(path)).err, HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace tvr

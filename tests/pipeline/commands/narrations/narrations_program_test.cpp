// `pipeline narrations` by way of the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "data/store/feature_store.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::Program;
using testing::ProgramResult;
using Words = std::vector<std::string>;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class NarrationsProgram : public ::testing::Test {
 protected:
  NarrationsProgram() {
    testing::write_file(
        source_, R"({"-rolling": {"start": [0.08, 2.4, 4.05, 7.37], "end": [4.05, 7.37, 9.96, 15.05],)"
                 R"("text": ["we're gonna Cut it", "the onion", NaN, "don't stir"]}, "none": {"start": [],)"
                 R"("end": [], "text": []}})");
  }

  [[nodiscard]] ProgramResult run(const std::string& command, const Words& more) const {
    Words words = {"narrations", command};
    words.insert(words.end(), more.begin(), more.end());
    return Program(folder_.path(), TVR_PIPELINE, words).wait();
  }
  [[nodiscard]] json said(const std::string& command, Words more) const {
    more.emplace_back("--json");
    const ProgramResult result = run(command, more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out, nullptr, false);
  }

  testing::TempFolder folder_;
  std::filesystem::path source_ = folder_ / "caption.json", file_ = folder_ / "narrations.db";
};

TEST_F(NarrationsProgram, ImportsOnceAndShowsLinesAndClips) {
  const json sums = said("import", {source_, file_});
  EXPECT_EQ(sums["videos"], 2);
  EXPECT_EQ(sums["lines"], 4);
  EXPECT_EQ(sums["lines_without_text"], 1);
  const std::string bytes = bytes_of(file_);
  EXPECT_THAT(run("import", {source_, file_}).err, HasSubstr("has them already"));
  EXPECT_EQ(bytes_of(file_), bytes);

  const json lines = said("show", {file_, "--video=-rolling"});
  EXPECT_EQ(lines["video"], "-rolling");
  ASSERT_EQ(lines["lines"].size(), 4u);
  EXPECT_EQ(lines["lines"][1], (json{{"line", 1}, {"start", 2.4}, {"end", 7.37}, {"text", "the onion"}}));

  const json clip = said("show", {file_, "--video=-rolling", "--line", "1", "--min-time", "9"});
  EXPECT_EQ(clip["words"], (json{"the", "onion", "we're", "gonna", "Cut", "it"}));
  EXPECT_EQ(clip["start"], 0.08);
  EXPECT_EQ(clip["end"], 9.96);
  ASSERT_EQ(clip["lines"].size(), 3u);
  EXPECT_EQ(clip["lines"][0]["line"], 1);
  EXPECT_EQ(clip["rows"]["2d"], (json{{"first", 0}, {"past", 10}}));
  EXPECT_EQ(clip["rows"]["3d"], (json{{"first", 0}, {"past", 15}}));
  EXPECT_EQ(said("show",
                 {file_, "--video=-rolling", "--line", "1", "--min-time", "-1", "--min-words", "3"})["words"],
            (json{"the", "onion", "don't", "stir"}));
  EXPECT_THAT(run("show", {file_, "--video=-rolling", "--line", "1", "--min-time", "4"}).out,
              HasSubstr("words  2: the onion"));
}

TEST_F(NarrationsProgram, ShowsTheRowsThatAStoreHas) {
  (void)said("import", {source_, file_});
  const std::filesystem::path path = folder_ / "features.db";
  {
    FeatureStore store(path, FeatureStore::Access::ReadWrite);
    VideoOutcome outcome;
    outcome.source.id = "%2Drolling";
    HalfSequence features;
    features.dim = 2;
    for (int second = 0; second < 5; ++second) {
      features.times.push_back({std::chrono::seconds(second), std::chrono::seconds(second + 1)});
      features.halves.insert(features.halves.end(), {0x3c00, 0x3c00});
    }
    outcome.lanes.push_back({store.add_recipe({"2d", "{}", "none"}), features});
    store.write(outcome);
    store.checkpoint();
  }
  const Words line = {file_, "--video=-rolling", "--store", path, "--line"};
  Words words = line;
  words.emplace_back("0");
  EXPECT_EQ(said("show", words)["rows"], (json{{"2d", {{"first", 0}, {"past", 5}, {"of", 5}}}}));
  words.back() = "3";
  EXPECT_THAT(run("show", words).out, HasSubstr("lane   2d: no row of 5, zeros in training"));
}

TEST_F(NarrationsProgram, DropsStopWordsFirst) {
  EXPECT_EQ(said("import", {source_, file_, "--stop-words"})["lines_without_text"], 1);
  const json clip =
      said("show", {file_, "--video=-rolling", "--line", "0", "--min-time", "0", "--min-words", "2"});
  EXPECT_EQ(clip["words"], (json{"Cut", "onion"}));
  EXPECT_THAT(run("import", {source_, file_}).err, HasSubstr("holds narrations of another import"));
}

TEST_F(NarrationsProgram, CountsAndVerifies) {
  const json sums = said("import", {source_, file_});
  const json stats = said("stats", {file_});
  EXPECT_EQ(stats["videos_without_lines"], 1);
  EXPECT_EQ(stats["words"], 8);
  EXPECT_EQ(stats["digest"], sums["digest"]);
  EXPECT_NEAR(stats["narrated_seconds"], 15.05 - 0.08, 1e-9);
  EXPECT_EQ(said("verify", {file_})["damaged"], json::array());
  std::string bytes = bytes_of(file_);
  bytes[bytes.find("onion")] = 'u';
  testing::write_file(file_, bytes);
  const ProgramResult damaged = run("verify", {file_});
  EXPECT_EQ(damaged.exit_code, 1);
  EXPECT_THAT(damaged.out, HasSubstr("does not match its hash"));
  EXPECT_THAT(run("show", {file_, "--video=-rolling"}).err,
              HasSubstr("video '%2Drolling': does not match its hash"));
}

TEST_F(NarrationsProgram, SaysWhatIsWrong) {
  (void)said("import", {source_, file_});
  EXPECT_THAT(run("show", {file_, "--video", "other"}).err, HasSubstr("no narration of a video 'other'"));
  EXPECT_THAT(run("show", {file_, "--video=none", "--line", "0"}).err, HasSubstr("line 0 of 0 lines"));
  EXPECT_EQ(run("show", {file_, "--video=none", "--min-time", "5"}).exit_code, 64);
  EXPECT_THAT(run("show", {source_, "--video=none"}).err, HasSubstr("is not a file of narrations"));
  EXPECT_THAT(run("import", {folder_ / "none.json", folder_ / "n.db"}).err, HasSubstr("cannot be opened"));
  testing::write_file(folder_ / "empty.json", "{}");
  EXPECT_THAT(run("import", {folder_ / "empty.json", folder_ / "n.db"}).err,
              HasSubstr("the source holds no video"));
  testing::write_file(folder_ / "twice.json", R"({"a": {"start": [], "end": [], "text": []},)"
                                              R"("a": {"start": [], "end": [], "text": []}})");
  const ProgramResult twice = run("import", {folder_ / "twice.json", folder_ / "n.db"});
  EXPECT_THAT(twice.err, HasSubstr("the video 'a' is in the source twice"));
  EXPECT_EQ(twice.exit_code, 1);
}

/// A generated caption.json whose import takes long enough to be killed.
void write_large(const std::filesystem::path& path) {
  std::ofstream out(path, std::ios::binary);
  for (int video = 0; video < 6000; ++video) {
    out << (video == 0 ? "{" : ", ") << "\"v" << video << "\": {\"start\": [0";
    for (int line = 1; line < 100; ++line) out << ", " << line * 2 << ".25";
    out << "], \"end\": [4.5";
    for (int line = 1; line < 100; ++line) out << ", " << line * 2 + 4 << ".5";
    out << "], \"text\": [\"first\"";
    for (int line = 1; line < 100; ++line)
      out << ", \"words of line " << line << " in video " << video << "\"";
    out << "]}";
  }
  out << "}";
}

TEST_F(NarrationsProgram, KilledAtAnyMomentGoesOnToTheSameBytes) {
  const std::filesystem::path large = folder_ / "large.json", whole = folder_ / "whole.db";
  write_large(large);
  const auto start = std::chrono::steady_clock::now();
  (void)said("import", {large, whole});
  const auto whole_us =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count();
  const std::string wanted = bytes_of(whole);
  const int kills = std::getenv("TVR_LONG_TESTS") != nullptr ? 50 : 3;
  std::mt19937 random(1);
  int killed = 0;
  for (int round = 0; round < 20 * kills && killed < kills; ++round) {
    std::filesystem::remove(file_);
    Program program(folder_.path(), TVR_PIPELINE, {"narrations", "import", large, file_});
    std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<unsigned>(whole_us)));
    program.signal(SIGKILL);
    if (program.wait().exit_code == 0) continue;
    ++killed;
    EXPECT_EQ(run("import", {large, file_}).exit_code, 0);
    EXPECT_TRUE(bytes_of(file_) == wanted) << "kill " << killed;
  }
  EXPECT_EQ(killed, kills);
}

}  // namespace
}  // namespace tvr

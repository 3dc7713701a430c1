// `pipeline index`, and search of what it made: a pretrained pair, no captions, no training.
#include "pipeline/commands/index_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "pipeline/commands/command.h"
#include "pipeline/commands/search_command.h"
#include "pipeline/encoders/index_folder.h"
#include "pipeline/encoders/pretrained_pair.h"
#include "tests/support/expect_error.h"
#include "tests/support/run_command.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/tiny_clip_folder.h"
#include "tests/text/tokenizers/vocabularies.h"
#include "text/tokenizers/open_tokenizer.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::at_rate;
using testing::expect_error;
using testing::TempFolder;
using testing::TestVideo;

class Index : public ::testing::Test {
 protected:
  Index() {
    testing::write_tiny_clip(folder_ / "clip");
    add_video("dark", 3, true);
    add_video("bright", 3, false);
    add_video("long", 50, false);
  }

  /// `seconds` of flat pictures that grow brighter, or of such that are black on the left.
  void add_video(const std::string& name, int seconds, bool left_half_black) const {
    TestVideo video;
    video.pts_ms = at_rate(1, seconds);
    video.width = 40 + 2 * seconds;  // not all alike
    video.left_half_black = left_half_black;
    std::filesystem::create_directories(folder_ / "my clips");
    write_video(folder_ / "my clips" / (name + ".mkv"), video);
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Runs `pipeline ARGUMENTS`, returns what it prints.
  static std::string run(const std::vector<std::string>& arguments) {
    return testing::run_command({add_index_command, add_search_command, add_eval_command}, arguments);
  }
  void index() const {
    run({"index", "--encoder", path("clip"), path("my clips"), "--store", path("clips.db"), "--jobs", "1"});
  }
  [[nodiscard]] json hits(std::vector<std::string> arguments) const {
    const std::vector<std::string> before = {"search", "--json", "--index", path("clips.db")};
    arguments.insert(arguments.begin(), before.begin(), before.end());
    return json::parse(run(arguments))["results"];
  }

  TempFolder folder_;
};

TEST_F(Index, MakesVideosSearchableBySentencesWithoutCaptionsOrTraining) {
  index();
  const json found = hits({"a dog"});
  ASSERT_EQ(found.size(), 3U);
  for (const json& hit : found) {
    EXPECT_LE(std::abs(hit["score"].get<double>()), 1.0001);
    EXPECT_EQ(hit["whole"], hit["video"] != "long");  // 50 s are moments
  }
  EXPECT_EQ(hits({"a dog"}), found);
  EXPECT_NE(hits({"two cats"})[0]["score"], found[0]["score"]);
}

TEST_F(Index, FindsNewVideosWhenItIsRunAgainAndEmbedsNoneTwice) {
  index();
  const auto written = std::filesystem::last_write_time(folder_ / "clips.db");
  add_video("new", 2, true);
  ExtractReport report = update_index(
      {path("clip"), {path("my clips"), {}, {}}, path("clips.db"), 1, Precision::Fp32, false, {}});
  EXPECT_EQ(report.extracted, 1);
  EXPECT_EQ(report.fresh, 3);
  EXPECT_EQ(hits({"a dog"}).size(), 4U);
  EXPECT_NE(std::filesystem::last_write_time(folder_ / "clips.db"), written);
}

TEST_F(Index, TakesASentenceWithoutQuotesAndGivesThePathOfAHit) {
  index();
  const json found = hits({"a", "dog"});
  EXPECT_EQ(found, hits({"a dog"}));
  EXPECT_EQ(hits({"a", "--top", "1", "dog"})[0], found[0]);
  for (const json& hit : found)
    EXPECT_EQ(hit["path"], path("my clips/" + hit["video"].get<std::string>() + ".mkv"));
}

TEST_F(Index, SearchesVideosByAPartOfTheirNameOrAGlobAndSaysWhenNoneMatches) {
  index();
  EXPECT_EQ(hits({"--video", "ar", "a dog"}).size(), 1U);
  EXPECT_EQ(hits({"--video", "*r*", "a dog"}).size(), 2U);
  EXPECT_EQ(hits({"--video", "?ong", "a dog"}).size(), 1U);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(hits({"--video", "b*t2", "a dog"}).size(), 0U);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::HasSubstr("none of 3 videos matches 'b*t2'; one is 'bright'"));
}

TEST_F(Index, RefusesASentenceBesideAFileOfThemAndAnExampleWithoutName) {
  index();
  testing::write_file(folder_ / "lines.txt", "a dog\n");
  expect_error(
      [&] {
        (void)hits({"a dog", "--queries", path("lines.txt")});
      },
      Fault::InvalidArgument, "there is a sentence, 'a dog', and --queries FILE too");
  EXPECT_THROW((void)hits({"a dog", "--like", ""}), CLI::ValidationError);
}

TEST_F(Index, SaysWhichVideosHaveBeenDeletedWhenItIsMadeAgain) {
  index();
  std::filesystem::remove(folder_ / "my clips/dark.mkv");
  ::testing::internal::CaptureStderr();
  index();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::AllOf(::testing::HasSubstr("1 of its videos are there no more, such as dark"),
                               ::testing::HasSubstr("pipeline store gc " + path("clips.db") + " --drop")));
}

TEST_F(Index, SendsTheStoreOfARunToRun) {
  index();
  std::filesystem::remove_all(index_folder(folder_ / "clips.db"));
  testing::write_file(folder_ / "run.json", "{}");
  expect_error([&] { (void)hits({"a dog"}); }, Fault::NotFound, "--run " + folder_.path().string());
}

TEST_F(Index, IsMadeAndSearchedInOneCommand) {
  const json one = json::parse(run({"search", "--json", "--videos", path("my clips"), "--encoder",
                                    path("clip"), "--store", path("other.db"), "a dog"}));
  index();
  EXPECT_EQ(one["results"], hits({"a dog"}));
}

TEST_F(Index, FindsAVideoByItself) {
  index();
  for (const std::string name : {"dark", "bright"}) {
    const json found = hits({"--like", name});
    const auto own =
        std::find_if(found.begin(), found.end(), [&](const json& hit) { return hit["video"] == name; });
    ASSERT_NE(own, found.end());
    EXPECT_NEAR((*own)["score"].get<double>(), 1, 1e-3);
    EXPECT_NEAR((*own)["score"].get<double>(), found[0]["score"].get<double>(), 1e-3);  // alike to float16
  }
  const json moment = hits({"--like", "long@42"})[0];
  EXPECT_EQ(moment["video"], "long");
  EXPECT_LE(moment["start"], 42);
  EXPECT_GE(moment["end"], 42);
  expect_error([&] { (void)hits({"--like", "nothing"}); }, Fault::NotFound, "nothing");
}

TEST_F(Index, MixesASentenceWithAnExampleInTheirShares) {
  index();
  const auto scores = [&](const std::vector<std::string>& arguments) {
    std::map<std::string, double> of;
    for (const json& hit : hits(arguments)) of[hit["video"]] = hit["score"];
    return of;
  };
  EXPECT_EQ(scores({"a dog", "--like", "dark", "--example-weight", "0"}), scores({"a dog"}));
  EXPECT_EQ(scores({"a dog", "--like", "dark", "--example-weight", "1"}), scores({"--like", "dark"}));
  EXPECT_NE(scores({"a dog", "--like", "dark"}), scores({"a dog"}));
}

TEST_F(Index, SaysWhereToNameAnEncoderThatHasMoved) {
  index();
  std::filesystem::rename(folder_ / "clip", folder_ / "elsewhere");
  expect_error([&] { (void)hits({"a dog"}); }, Fault::NotFound, "--encoder");
  EXPECT_EQ(hits({"--encoder", path("elsewhere"), "a dog"}).size(), 3U);
  EXPECT_EQ(hits({"a dog"}).size(), 3U);  // it is known now
  std::filesystem::remove_all(index_folder(folder_ / "clips.db"));
  expect_error([&] { (void)hits({"a dog"}); }, Fault::NotFound, "--encoder");
  EXPECT_EQ(hits({"--encoder", path("elsewhere"), "a dog"}).size(), 3U);
  EXPECT_TRUE(std::filesystem::exists(index_folder(folder_ / "clips.db") / "search_index.bin"));
}

TEST_F(Index, OfAnotherFolderOfOneNameIsNotWrittenInto) {
  const std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::create_directories(folder_ / "work");
  std::filesystem::create_directories(folder_ / "other");
  std::filesystem::copy(folder_ / "my clips", folder_ / "other/my clips");
  std::filesystem::current_path(folder_ / "work");
  const auto index_of = [&](const std::string& videos) {
    run({"index", "--encoder", path("clip"), path(videos)});
  };
  index_of("my clips");
  EXPECT_NO_THROW(index_of("my clips/"));
  expect_error([&] { index_of("other/my clips"); }, Fault::Mismatch, "--store");
  std::filesystem::current_path(here);
}

TEST_F(Index, IsMadeInTheEmptyFileThatAKilledCreationLeft) {
  std::ofstream(folder_ / "clips.db").flush();
  index();
  EXPECT_EQ(hits({"a dog"}).size(), 3U);
}

TEST_F(Index, UsesTheNewestOfEquallyManyRows) {
  index();
  run({"index", "--encoder", path("clip"), path("my clips"), "--store", path("clips.db"), "--fps", "2"});
  const FeatureStore store(folder_ / "clips.db");
  const std::vector<RecipeRow> lanes = open_pretrained(folder_ / "clip")->lanes_in(store);
  ASSERT_EQ(lanes.size(), 1U);
  EXPECT_EQ(rows_per_second(lanes[0].recipe), 2);
}

TEST_F(Index, RefusesATokenizerOfAnotherVocabularyThanTheTower) {
  index();
  json vocabulary = json::parse(std::ifstream(folder_ / "clip/vocab.json"));
  vocabulary["<|endoftext|>"] = 57;
  testing::write_file(folder_ / "clip/vocab.json", vocabulary.dump());
  expect_error([&] { (void)hits({"a dog"}); }, Fault::Mismatch,
               "its tokenizer has 59 tokens, its text tower 60");
}

TEST_F(Index, WithValuesThatAreNoNumbersIsMadeAnew) {
  index();
  const json right = hits({"a dog"});
  const std::filesystem::path file = index_folder(folder_ / "clips.db") / "search_index.bin";
  std::stringstream bytes;
  bytes << std::ifstream(file).rdbuf();
  std::string content = bytes.str().substr(0, bytes.str().size() - 64);
  content[content.size() - 2] = '\x01';  // the last half becomes a NaN
  content[content.size() - 1] = '\x7c';
  testing::write_file(file, content + sha256(content));
  EXPECT_EQ(hits({"a dog"}), right);
}

TEST_F(Index, LikeNamesAWholeVideoBeforeASecondAndNoSecondBeyondTheEnd) {
  std::filesystem::copy(folder_ / "my clips/long.mkv", folder_ / "my clips/dark@1.mkv");
  index();
  EXPECT_EQ(hits({"--like", "dark@1"}), hits({"--like", "dark@1@1"}));
  EXPECT_NE(hits({"--like", "dark@1"}), hits({"--like", "dark@2"}));
  expect_error([&] { (void)hits({"--like", "dark@99"}); }, Fault::InvalidArgument, "which has 2.0 s");
}

/// Its pictures' left and right halves; "a" wants dark ones on the left, all else bright ones.
TEST_F(Index, TakesAPairOfModulesOfTheUsersOwn) {
  testing::write_file(folder_ / "tokenizer.json", testing::clip_json().dump());
  const auto letter = open_tokenizer_file(folder_ / "tokenizer.json")->encode("a").at(1);
  torch::jit::Module image("Image"), text("Text");
  image.define("def forward(self, x):\n  y = x.mean([1, 2])\n  return torch.stack([y[:, 0], y[:, 15]], 1)\n");
  text.define("def forward(self, ids):\n  s = (ids[:, 1] != " + std::to_string(letter) +
              ").float() * 2.0 - 1.0\n  return torch.stack([s, -s], 1)\n");
  image.save(path("image.pt"));
  text.save(path("text.pt"));
  const json manifest = {{"lane", "own"},
                         {"module", "image.pt"},
                         {"fps", 1},
                         {"clip_frames", 1},
                         {"short_side", 16},
                         {"resize", "squash"},
                         {"filter", "bicubic"},
                         {"scale", 1.0 / 255},
                         {"mean", {0.5, 0.5, 0.5}},
                         {"std", {0.5, 0.5, 0.5}},
                         {"dim", 2},
                         {"text_module", "text.pt"},
                         {"tokenizer", "tokenizer.json"},
                         {"context_length", 8}};
  testing::write_file(folder_ / "own.json", manifest.dump());
  run({"index", "--encoder", path("own.json"), path("my clips"), "--store", path("clips.db"), "--jobs", "1"});
  EXPECT_EQ(hits({"a"})[0]["video"], "dark");
  EXPECT_EQ(hits({"b"})[2]["video"], "dark");

  text.define("def other(self, ids):\n  return ids\n");
  text.save(path("text.pt"));
  expect_error([&] { (void)hits({"a"}); }, Fault::NotFound, "it has no features of the encoder");
  json alone = manifest;
  alone.erase("tokenizer");
  testing::write_file(folder_ / "own.json", alone.dump());
  expect_error([&] { (void)hits({"a"}); }, Fault::Corrupt, "'tokenizer' is missing");
}

TEST_F(Index, RefusesAFolderThatIsNoEncoder) {
  expect_error(
      [&] {
        (void)run({"index", "--encoder", path("my clips"), path("my clips")});
      },
      Fault::NotFound, "config.json");
}

TEST_F(Index, RefusesAnotherEncoderThanItsOwn) {
  index();
  testing::write_tiny_clip(folder_ / "other");
  std::ofstream(folder_ / "other/config.json", std::ios::app) << "\n";  // other bytes, another identity
  expect_error([&] { (void)hits({"--encoder", path("other"), "a dog"}); }, Fault::NotFound, "pipeline index");
}

TEST_F(Index, IsEvaluatedWithoutTraining) {
  index();
  testing::write_file(folder_ / "captions.csv", "video,caption\ndark,a dog\nbright,two cats\nlong,the sea\n");
  const json metrics = json::parse(run({"eval", "--json", "--encoder", path("clip"), "--store",
                                        path("clips.db"), "--captions", path("captions.csv"), "--dsl"}));
  EXPECT_EQ(metrics["test"]["t2v"]["queries"], 3);
  EXPECT_TRUE(metrics["dual_softmax_transductive"]["t2v"].contains("R@1"));
}

TEST_F(Index, NeedsExactlyOneModel) {
  expect_error([&] { (void)run({"search", "a dog"}); }, Fault::InvalidArgument, "--index");
  expect_error(
      [&] {
        (void)run({"search", "--videos", path("my clips"), "a dog"});
      },
      Fault::InvalidArgument, "--encoder");
}

TEST(StoreOfAnIndex, IsCalledAfterTheFolderOfItsVideos) {
  IndexOptions options;
  options.videos.folder = "/videos/my clips/";
  EXPECT_EQ(store_of(options).filename(), "my clips.db");
  options.videos.folder = "/";
  expect_error([&] { (void)store_of(options); }, Fault::InvalidArgument, "--store");
  options.store = "x.db";
  EXPECT_EQ(store_of(options), "x.db");
}

}  // namespace
}  // namespace tvr

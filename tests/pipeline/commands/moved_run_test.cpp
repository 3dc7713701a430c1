// A finished run whose folder, features and captions have gone elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/commands/search_command.h"
#include "pipeline/run/run_manifest.h"
#include "pipeline/search/search_service.h"
#include "pipeline/serve/web_api.h"
#include "tests/pipeline/commands/learning_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::LearningFolder;

class MovedRun : public ::testing::Test {
 protected:
  MovedRun() : trained_(json::parse(folder_.train("run"))) {
    std::filesystem::rename(folder_ / "run", folder_ / "moved");
  }
  void move_the_rest() const {
    std::filesystem::rename(folder_ / "features.db", folder_ / "store.db");
    std::filesystem::rename(folder_ / "captions.csv", folder_ / "lines.csv");
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

  LearningFolder folder_;
  json trained_;
};

TEST_F(MovedRun, IsEvaluatedWithoutFlagsWhileFeaturesAndCaptionsAreWhereTheyWere) {
  EXPECT_EQ(json::parse(folder_.run({"eval", "--run", path("moved"), "--json"}))["test"], trained_["test"]);
  const json same = json::parse(folder_.run({"eval", "--compare", path("moved"), path("moved"), "--json"}));
  EXPECT_EQ(same["t2v"]["R@1"][1]["p"], 1);
}

TEST_F(MovedRun, SaysWhichFlagNamesWhatIsGone) {
  move_the_rest();
  expect_error([&] { (void)open_searcher({path("moved"), {}, {}, {}}, false); }, Fault::NotFound, "--store");
  expect_error(
      [&] {
        (void)folder_.run({"eval", "--run", path("moved"), "--store", path("store.db")});
      },
      Fault::NotFound, "--captions");
  expect_error(
      [&] {
        (void)folder_.run({"eval", "--run", path("moved"), "--captions", path("lines.csv")});
      },
      Fault::NotFound, "--store");
}

TEST_F(MovedRun, IsEvaluatedAndComparedWhereTheRestIsNamed) {
  move_the_rest();
  const std::vector<std::string> now = {"--store", path("store.db"), "--captions", path("lines.csv"),
                                        "--json"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), now.begin(), now.end());
    return json::parse(folder_.run(arguments));
  };
  EXPECT_EQ(run({"eval", "--run", path("moved")})["test"], trained_["test"]);
  EXPECT_EQ(run({"eval", "--compare", path("moved"), path("moved")})["t2v"]["R@1"][1]["p"], 1);
}

TEST_F(MovedRun, IsSearchedAndServedWithoutVideosAndCaptions) {
  move_the_rest();
  SearchService service(open_searcher({path("moved"), path("store.db"), {}, {}}, true));
  WebApi api(service, path("moved"), {});
  SearchQuery query;
  query.sentence = "a cat, a lamp";
  query.top = 3;
  const json answer = api.search(query);
  ASSERT_EQ(answer["results"].size(), 3U);
  const std::string best = answer["results"][0]["video"];
  EXPECT_EQ(api.thumbnail(best, 0), "");
  EXPECT_FALSE(api.media(best, 0)["playable"].get<bool>());
  EXPECT_THAT(api.media(best, 0)["reason"].get<std::string>(), HasSubstr("has been moved or deleted"));
  EXPECT_EQ(api.run()["metrics"], trained_);
}

TEST(MovedWordVectors, AreAskedForAndTakenFromWhereTheyAreNow) {
  const LearningFolder folder;
  const auto vectors = folder / "words.vec", elsewhere = folder / "elsewhere.vec";
  write_text(
      vectors,
      "cat 1 0\nboat 0 1\ndrum 1 1\ntree 2 1\nlamp 1 2\na 3 1\ngoat 1 3\nkite 2 3\nroad 3 3\nsome 2 2\n");
  const json trained = json::parse(folder.train("run", {"--word-vectors", vectors.string()}));
  std::filesystem::rename(vectors, elsewhere);
  const std::string run = (folder / "run").string();
  expect_error([&] { (void)folder.run({"eval", "--run", run}); }, Fault::NotFound, "--word-vectors");
  expect_error([&] { (void)open_searcher({run, {}, {}, {}}, false); }, Fault::NotFound, "--word-vectors");
  EXPECT_EQ(open_searcher({run, {}, elsewhere, {}}, false)->index()->videos().size(),
            static_cast<std::size_t>(LearningFolder::kVideos));
  EXPECT_EQ(
      json::parse(folder.run({"eval", "--run", run, "--word-vectors", elsewhere.string(), "--json"}))["test"],
      trained["test"]);
}

}  // namespace
}  // namespace tvr

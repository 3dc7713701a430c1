#include "pipeline/commands/search_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/text_file.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/search/search_json.h"
#include "tests/pipeline/commands/learning_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/planted_run.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using ::testing::AllOf;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::LearningFolder;
using ::testing::Not;
using testing::PlantedRun;
using testing::TempFolder;

constexpr int kRed = 0, kDog = 2;

struct Printed {
  std::string out, err;
};

/// Searches for each of the sentences, a line each.
Printed search(const std::filesystem::path& run, const std::filesystem::path& folder,
               const std::string& sentences, bool json = false) {
  SearchArguments arguments;
  arguments.search.run = run;
  arguments.queries = testing::write_file(folder / "sentences.txt", sentences);
  arguments.json = json;
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_search(arguments), kDone);
  return {::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(SearchCommand, SaysOnceThatVideosAreNotWhereTheyWere) {
  const TempFolder folder;
  const PlantedRun planted(folder / "planted");
  const std::string there = testing::write_file(folder / "there.mp4", "").string();
  planted.add_video("there", {kRed}, there);
  planted.add_video("gone", {kDog}, "/old/place/gone.mp4");
  planted.add_video("lost", {kDog}, "/old/place/lost.mp4");
  const Printed printed = search(planted.run(), folder.path(), "red\ndog\n");
  EXPECT_THAT(printed.out, AllOf(HasSubstr(there), HasSubstr("gone"), Not(HasSubstr("/old/place"))));
  EXPECT_EQ(count(printed.out, "not found"), 4) << "two videos for each of two sentences";
  EXPECT_EQ(count(printed.err, "video not found at /old/place/"), 1) << printed.err;
  EXPECT_THAT(search(planted.run(), folder.path(), "red\n", true).err, Not(HasSubstr("not found")));
}

TEST(SearchCommand, OfAStoreWhoseVideosAreAllLeftOutIsAnError) {
  const TempFolder folder;
  const PlantedRun planted(folder / "planted");
  {
    FeatureStore store(planted.store(), FeatureStore::Access::ReadWrite);
    for (const char* const lane : {"2d", "3d"}) {  // no video has both
      VideoOutcome outcome;
      outcome.source = {std::string("only ") + lane, "/videos/none.mp4"};
      outcome.fingerprint = {100, 7, sha256(lane)};
      VideoOutcome::Lane rows{store.add_recipe({lane, "{}", "random:seed=1"}), {}};
      rows.features.dim = PlantedRun::kWords / 2;
      const std::vector<float> row(PlantedRun::kWords / 2, 0.5F);
      rows.features.set(0, row.data(), {Micros(0), Micros(1'000'000)});
      outcome.lanes.push_back(std::move(rows));
      store.write(outcome);
    }
  }
  SearchArguments arguments;
  arguments.search.run = planted.run();
  arguments.query.sentence = "red dog";
  expect_error([&] { (void)run_search(arguments); }, Fault::NotFound, "none of its videos can be searched");
}

TEST(SearchCommand, NotesThatNoWordIsAmongThoseOfTheTraining) {
  const LearningFolder folder;
  (void)folder.train("run");
  const TempFolder queries;
  const auto ask = [&](const std::string& sentence) {
    return nlohmann::json::parse(search(folder / "run", queries.path(), sentence + "\n", true).out);
  };
  const nlohmann::json guess = ask("zeppelins over kitezilla");
  EXPECT_EQ(guess["guessed"], nlohmann::json({"zeppelins", "over", "kitezilla"}));
  EXPECT_THAT(guess["note"].get<std::string>(),
              AllOf(HasSubstr("no word is among those that the word vectors were trained on"),
                    HasSubstr("zeppelins, over, kitezilla")));
  EXPECT_EQ(guess["results"].size(), 10U);
  const Printed printed = search(folder / "run", queries.path(), "zeppelins over kitezilla\n");
  EXPECT_EQ(count(printed.err, "no word is among"), 1) << printed.err;
  const nlohmann::json known = ask("a zeppelin");
  EXPECT_EQ(known["guessed"], nlohmann::json({"zeppelin"}));
  EXPECT_EQ(known.count("note"), 0U);
  EXPECT_THAT(search(folder / "run", queries.path(), "a zeppelin\n").err, Not(HasSubstr("no word is among")));
}

TEST(SearchCommand, ShowsWhatIsSaidWhereSubtitlesFoundIt) {
  const TempFolder folder;
  const PlantedRun planted(folder / "planted");
  planted.add_video("seen", {kRed}, testing::write_file(folder / "seen.mp4", ""));
  planted.add_video("heard", {kDog}, testing::write_file(folder / "heard.mp4", ""));
  EXPECT_THAT(search(planted.run(), folder.path(), "red\n").out, Not(HasSubstr("found by")));
  EXPECT_FALSE(std::filesystem::exists(planted.run() / "subtitles.db"));
  testing::write_file(folder / "heard.srt", "00:00:00,000 --> 00:00:01,000\nthe red one\n");
  const std::string out = search(planted.run(), folder.path(), "red\n").out;
  EXPECT_THAT(out, AllOf(HasSubstr("found by"), HasSubstr("the red one")));
  testing::write_file(folder / "heard.srt", "no subtitle\n");
  EXPECT_THAT(search(planted.run(), folder.path(), "red\n").err,
              HasSubstr("heard.srt: it holds no subtitle"));
}

/// A run with a video file that is found by "red", and one that is gone.
class SearchedMoments : public ::testing::Test {
 protected:
  SearchedMoments() : planted_(folder_ / "planted") {
    testing::TestVideo video;
    video.codec = "libx264";
    video.pts_ms = testing::at_rate(25, 3 * 25);
    testing::write_video(folder_ / "red.mp4", video);
    planted_.add_video("floor/red", {kRed, kRed}, folder_ / "red.mp4");
    arguments_.search.run = planted_.run();
    arguments_.query.sentence = "red";
    arguments_.cut = folder_ / "clips";
  }

  int run() {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run_search(arguments_);
    printed_ = {::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
    return code;
  }

  const TempFolder folder_;
  const PlantedRun planted_;
  SearchArguments arguments_;
  Printed printed_;
};

TEST_F(SearchedMoments, AreCutOnceAndNeverOverwritten) {
  const std::filesystem::path clip = folder_ / "clips/floor/red@0.0-2.0.mp4";
  EXPECT_EQ(run(), kDone);
  EXPECT_THAT(printed_.out, HasSubstr(clip.string()));
  const auto written = std::filesystem::last_write_time(clip);
  EXPECT_EQ(run(), kDone);
  EXPECT_THAT(printed_.err, HasSubstr("is there already and is left as it is"));
  EXPECT_EQ(std::filesystem::last_write_time(clip), written);
  arguments_.cut = folder_ / "exact";
  arguments_.exact = arguments_.json = true;
  EXPECT_EQ(run(), kDone);
  EXPECT_EQ(nlohmann::json::parse(printed_.out)["results"][0]["clip"],
            (folder_ / "exact/floor/red@0.0-2.0.mp4").string());
}

TEST_F(SearchedMoments, ThatCannotBeCutAreNamedAndTheOthersAreCut) {
  planted_.add_video("gone", {kRed, kRed}, "/old/place/gone.mp4");
  planted_.add_video("text", {kRed, kRed}, testing::write_file(folder_ / "text.mp4", "no video"));
  arguments_.otio = folder_ / "found.otio";
  arguments_.m3u = folder_ / "found.m3u";
  arguments_.edl = folder_ / "found.edl";
  EXPECT_EQ(run(), kSomeVideosFailed);
  EXPECT_THAT(printed_.err, AllOf(HasSubstr("/old/place/gone.mp4"), HasSubstr("not a media file")));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "clips/floor/red@0.0-2.0.mp4"));
  EXPECT_THAT(read_text_file(arguments_.m3u), AllOf(HasSubstr("red.mp4"), Not(HasSubstr("gone.mp4"))));
  EXPECT_THAT(read_text_file(arguments_.otio), HasSubstr("Timeline.1"));
  EXPECT_THAT(read_text_file(arguments_.edl), HasSubstr("floor/red"));
}

TEST_F(SearchedMoments, AreNotWrittenThroughALink) {
  std::filesystem::create_directories(folder_ / "elsewhere");
  std::filesystem::create_directories(arguments_.cut);
  std::filesystem::create_directory_symlink(folder_ / "elsewhere", arguments_.cut / "floor");
  EXPECT_EQ(run(), kSomeVideosFailed);
  EXPECT_THAT(printed_.err, HasSubstr("is a link, where a folder belongs"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "elsewhere"));
}

}  // namespace
}  // namespace tvr

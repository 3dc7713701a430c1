#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "data/json_text.h"
#include "data/store/sqlite.h"
#include "pipeline/search/search_json.h"
#include "pipeline/search/search_service.h"
#include "pipeline/search/searcher.h"
#include "tests/support/expect_error.h"
#include "tests/support/planted_run.h"
#include "tests/support/run_searcher.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::expect_error;
using testing::PlantedRun;
using testing::TempFolder;

constexpr int kRed = 0, kGreen = 1, kDog = 2, kRuns = 4, kSleeps = 5, kNothing = -1;

std::vector<int> showing(int word, std::size_t length_s) { return std::vector<int>(length_s, word); }

/// `length_s` seconds of nothing, with `word` from `begin` to `end`.
std::vector<int> once(int word, std::size_t length_s, std::size_t begin, std::size_t end) {
  std::vector<int> shown = showing(kNothing, length_s);
  for (std::size_t s = begin; s < end; ++s) shown[s] = word;
  return shown;
}

TEST(Windows, AShortVideoIsOneWindow) {
  EXPECT_EQ(windows_of(seconds(30), {10, 30}), (std::vector<TimeSpan>{{seconds(0), seconds(30)}}));
  EXPECT_EQ(windows_of(seconds(0), {10, 30}).size(), 1U);
}

TEST(Windows, CoverALongVideoOverlapByHalfAndEndWithIt) {
  for (const int length_s : {31, 35, 40, 999}) {
    const std::vector<TimeSpan> windows = windows_of(seconds(length_s), {10, 30});
    EXPECT_EQ(windows.front().start, seconds(0));
    EXPECT_EQ(windows.back().end, seconds(length_s));
    for (std::size_t i = 0; i < windows.size(); ++i) {
      EXPECT_EQ(windows[i].end - windows[i].start, seconds(10));
      if (i > 0) {
        EXPECT_GT(windows[i].start, windows[i - 1].start);
        EXPECT_LE(windows[i].start, windows[i - 1].start + seconds(5));
      }
    }
  }
}

TEST(Windows, RefuseWhatMakesNoSense) {
  expect_error([] { validate({0.5, 30}); }, Fault::InvalidArgument, "0.5");
  expect_error([] { validate({40, 30}); }, Fault::InvalidArgument, "40");
}

class SearchTest : public ::testing::Test {
 protected:
  [[nodiscard]] Searcher searcher() const { return testing::searcher_of(run_.run()); }

  static std::vector<std::string> ids(const SearchAnswer& answer) {
    std::vector<std::string> found;
    for (const SearchHit& hit : answer.hits) found.push_back(hit.source.id);
    return found;
  }
  static SearchAnswer ask(Searcher& searcher, const std::string& sentence, std::size_t top = 10) {
    SearchQuery query;
    query.sentence = sentence;
    query.top = top;
    return searcher.answer({query}).front();
  }

  TempFolder folder_;
  PlantedRun run_{folder_ / "planted"};
};

TEST_F(SearchTest, FindsTheVideoThatShowsTheWords) {
  run_.add_video("a", showing(kRed, 5));
  run_.add_video("b", {kDog, kDog, kRuns});
  run_.add_video("c", {kDog, kSleeps});
  Searcher planted = searcher();
  const SearchAnswer answer = ask(planted, "dog runs");
  EXPECT_EQ(ids(answer), (std::vector<std::string>{"b", "c", "a"}));
  EXPECT_NEAR(answer.hits[0].score, 1, 1e-6);
  EXPECT_NEAR(answer.hits[1].score, 0.5, 1e-6);
  EXPECT_NEAR(answer.hits[2].score, 0, 1e-6);
  EXPECT_TRUE(answer.hits[0].whole);
  EXPECT_EQ(answer.hits[0].span, (TimeSpan{seconds(0), seconds(3)}));
  EXPECT_EQ(ids(ask(planted, "dog runs", 1)), (std::vector<std::string>{"b"}));
}

TEST_F(SearchTest, NamesTheMomentOfALongVideo) {
  run_.add_video("long", once(kDog, 600, 432, 434));
  run_.add_video("short", showing(kRed, 3));
  Searcher planted = searcher();
  const SearchHit hit = ask(planted, "dog").hits.front();
  EXPECT_EQ(hit.source.id, "long");
  EXPECT_FALSE(hit.whole);
  EXPECT_LE(hit.span.start, seconds(432));
  EXPECT_GE(hit.span.end, seconds(434));
  EXPECT_EQ(hit.span.end - hit.span.start, seconds(10));
  EXPECT_EQ(hit.length, seconds(600));
}

TEST_F(SearchTest, JoinsTheWindowsOfAMomentThatLastsLonger) {
  run_.add_video("long", once(kDog, 600, 400, 460));
  run_.add_video("all", showing(kDog, 300));
  run_.add_video("start", once(kDog, 600, 0, 40));
  run_.add_video("end", once(kDog, 601, 570, 601));
  Searcher planted = searcher();
  std::map<std::string, TimeSpan> spans;
  for (const SearchHit& hit : ask(planted, "dog").hits) spans[hit.source.id] = hit.span;
  EXPECT_EQ(spans["long"], (TimeSpan{seconds(400), seconds(460)}));
  EXPECT_EQ(spans["start"], (TimeSpan{seconds(0), seconds(40)}));
  EXPECT_EQ(spans["end"], (TimeSpan{seconds(570), seconds(601)}));
  EXPECT_EQ(spans["all"], (TimeSpan{seconds(0), seconds(10)}));  // no part is better than another
}

/// Videos of which some say something, in subtitles beside them.
class SubtitledSearch : public SearchTest {
 protected:
  void add(const std::string& id, const std::vector<int>& shown, const std::string& said = "") {
    run_.add_video(id, shown, folder_ / ("videos/" + id + ".mp4"));
    if (said.empty()) return;
    testing::write_file(folder_ / ("videos/" + id + ".srt"), "00:00:01,000 --> 00:00:02,500\n" + said + "\n");
  }
  [[nodiscard]] SearchAnswer ask(const std::string& sentence, SearchIn in = SearchIn::Both,
                                 std::size_t top = 10) const {
    const RunManifest run = read_manifest(run_.run());
    Searcher searcher(open_run(run),
                      {run.store, run_.run() / "search_index.bin", {}, run_.run() / "subtitles.db"}, {});
    SearchQuery query;
    query.sentence = sentence;
    query.in = in;
    query.top = top;
    return searcher.answer({query}).front();
  }
};

TEST_F(SubtitledSearch, JoinsTheRankingsAndSaysWhichFoundAVideo) {
  add("both", {kRed, kDog}, "a red one");
  add("heard", {kSleeps, kSleeps}, "a red kite");
  add("seen", {kRed, kRed});
  add("neither", {kSleeps});
  const SearchAnswer answer = ask("red", SearchIn::Both, 3);
  ASSERT_EQ(ids(answer), (std::vector<std::string>{"both", "heard", "seen"}));
  const SearchHit &both = answer.hits[0], &heard = answer.hits[1], &seen = answer.hits[2];
  EXPECT_TRUE(both.by_pictures);
  EXPECT_EQ(both.line, "a red one");
  EXPECT_EQ(both.line_span, (TimeSpan{Micros(1'000'000), Micros(2'500'000)}));
  EXPECT_EQ(heard.line, "a red kite");
  EXPECT_EQ(heard.span, heard.line_span) << "the subtitles rank it higher";
  EXPECT_FALSE(heard.whole);
  EXPECT_TRUE(seen.by_pictures);
  EXPECT_EQ(seen.line, "");
  EXPECT_TRUE(seen.whole);
}

TEST_F(SubtitledSearch, IsAsWithoutSubtitlesInPicturesAloneAndAsWithoutPicturesInSubtitlesAlone) {
  add("seen", {kRed, kRed});
  add("heard", {kSleeps}, "a red kite");
  EXPECT_EQ(ids(ask("red", SearchIn::Pictures)), (std::vector<std::string>{"seen", "heard"}));
  EXPECT_EQ(ask("red", SearchIn::Pictures).hits[1].line, "");
  EXPECT_EQ(ids(ask("red", SearchIn::Subtitles)), (std::vector<std::string>{"heard"}));
  EXPECT_TRUE(ask("green", SearchIn::Subtitles).hits.empty());
}

TEST_F(SubtitledSearch, FindsWordsThatTheModelDoesNotKnow) {
  add("a", {kRed}, "a zeppelin over the town");
  const SearchAnswer answer = ask("the zeppelins");
  EXPECT_TRUE(answer.understood);
  ASSERT_EQ(ids(answer), (std::vector<std::string>{"a"}));
  EXPECT_FALSE(answer.hits[0].by_pictures);
  EXPECT_FALSE(ask("the airships").understood) << "stop words are not looked for";
}

TEST_F(SubtitledSearch, FiltersWhatIsSaidToo) {
  add("x/1", {kRed}, "a red kite");
  add("y/1", {kRed}, "a red kite");
  const RunManifest run = read_manifest(run_.run());
  Searcher searcher(open_run(run),
                    {run.store, run_.run() / "search_index.bin", {}, run_.run() / "subtitles.db"}, {});
  SearchQuery query;
  query.sentence = "red kite";
  query.video = "y/";
  EXPECT_EQ(ids(searcher.answer({query}).front()), (std::vector<std::string>{"y/1"}));
}

TEST_F(SubtitledSearch, TellsProgramsWhichFoundAVideo) {
  add("heard", {kSleeps}, "a red kite");
  SearchQuery query;
  query.sentence = "red";
  const json result = json_of(query, ask("red"))["results"][0];
  EXPECT_EQ(result["found_by"], json({"pictures", "subtitles"}));
  EXPECT_EQ(result["line"], json({{"text", "a red kite"}, {"start", 1.0}, {"end", 2.5}}));
}

TEST_F(SearchTest, SaysWhichWordsAreUnknownAndFindsNothingWithoutAnyKnown) {
  run_.add_video("a", showing(kRed, 5));
  Searcher planted = searcher();
  const SearchAnswer some = ask(planted, "a red Zeppelin, a zeppelin");
  EXPECT_EQ(some.unknown, (std::vector<std::string>{"a", "Zeppelin", "zeppelin"}));
  EXPECT_TRUE(some.understood);
  EXPECT_EQ(some.hits.size(), 1U);
  const SearchAnswer none = ask(planted, "zeppelin");
  EXPECT_FALSE(none.understood);
  EXPECT_TRUE(none.hits.empty());
}

TEST_F(SearchTest, EqualScoresComeInOrderOfId) {
  for (const char* id : {"d", "b", "a", "c"}) run_.add_video(id, showing(kRed, 2));
  Searcher planted = searcher();
  EXPECT_EQ(ids(ask(planted, "red")), (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(SearchTest, AnswersAreTheSameTogetherAndAlone) {
  run_.add_video("a", {kRed, kDog});
  run_.add_video("b", {kGreen, kRuns});
  Searcher planted = searcher();
  std::vector<SearchQuery> queries(3);
  queries[0].sentence = "red dog";
  queries[1].sentence = "unknown";
  queries[2].sentence = "green";
  const std::vector<SearchAnswer> together = planted.answer(queries);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const SearchAnswer alone = planted.answer({queries[i]}).front();
    ASSERT_EQ(ids(alone), ids(together[i]));
    for (std::size_t h = 0; h < alone.hits.size(); ++h) {
      EXPECT_EQ(alone.hits[h].score, together[i].hits[h].score);
    }
  }
}

TEST_F(SearchTest, FiltersByNameAndLength) {
  run_.add_video("kitchen/1", showing(kRed, 5));
  run_.add_video("kitchen/2", showing(kRed, 20));
  run_.add_video("street/1", showing(kRed, 5));
  Searcher planted = searcher();
  SearchQuery query;
  query.sentence = "red";
  query.video = "kitchen";
  EXPECT_EQ(ids(planted.answer({query}).front()), (std::vector<std::string>{"kitchen/1", "kitchen/2"}));
  query.min_length_s = 10;
  EXPECT_EQ(ids(planted.answer({query}).front()), (std::vector<std::string>{"kitchen/2"}));
  query = {"red", 10, "", 0, 10};
  EXPECT_EQ(ids(planted.answer({query}).front()), (std::vector<std::string>{"kitchen/1", "street/1"}));
}

TEST_F(SearchTest, FindsVideosThatWereAddedLaterAndNoLongerThoseThatChanged) {
  run_.add_video("a", showing(kRed, 5));
  Searcher planted = searcher();
  EXPECT_FALSE(planted.refresh());
  run_.add_video("b", showing(kDog, 5));
  EXPECT_TRUE(planted.refresh());
  EXPECT_FALSE(planted.refresh());
  EXPECT_EQ(planted.index()->newly_embedded(), 1);
  EXPECT_EQ(ids(ask(planted, "dog", 1)), (std::vector<std::string>{"b"}));
  run_.add_video("b", showing(kGreen, 6));
  EXPECT_TRUE(planted.refresh());
  EXPECT_EQ(ask(planted, "dog", 1).hits.front().score, 0);
}

TEST_F(SearchTest, KeepsTheEmbeddingsInTheRunsFolderAndUsesThemOnlyWhileTheyFit) {
  run_.add_video("a", showing(kRed, 5));
  run_.add_video("long", once(kDog, 100, 50, 52));
  const SearchAnswer first = [&] {
    Searcher planted = searcher();
    EXPECT_EQ(planted.index()->newly_embedded(), 2);
    return ask(planted, "dog");
  }();
  Searcher again = searcher();
  EXPECT_EQ(again.index()->newly_embedded(), 0);
  const SearchAnswer second = ask(again, "dog");
  ASSERT_EQ(ids(first), ids(second));
  EXPECT_EQ(first.hits[0].score, second.hits[0].score);
  EXPECT_EQ(first.hits[0].span, second.hits[0].span);

  const Searcher other = testing::searcher_of(run_.run(), {5, 30});
  EXPECT_EQ(other.index()->newly_embedded(), 2);  // other windows
  std::ofstream(run_.run() / "checkpoint.pth", std::ios::app) << '\0';
  run_.record(run_.manifest());
  EXPECT_EQ(searcher().index()->newly_embedded(), 2);  // another checkpoint
}

TEST_F(SearchTest, ADamagedFileOfEmbeddingsIsMadeAnewWhateverByteIsHit) {
  run_.add_video("a", showing(kRed, 5));
  const std::filesystem::path file = run_.run() / "search_index.bin";
  (void)searcher();
  const auto size = std::filesystem::file_size(file);
  for (std::uintmax_t at = 0; at < size; at += 7) {
    {
      std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekg(static_cast<std::streamoff>(at));
      const char flipped = static_cast<char>(bytes.get() ^ 0x10);
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes.put(flipped);
    }
    Searcher planted = searcher();
    ASSERT_EQ(planted.index()->newly_embedded(), 1) << "byte " << at;
    ASSERT_NEAR(ask(planted, "red").hits.front().score, 1, 1e-6);
  }
  std::filesystem::resize_file(file, size / 2);
  EXPECT_EQ(searcher().index()->newly_embedded(), 1);
  std::filesystem::resize_file(file, 0);
  EXPECT_EQ(searcher().index()->newly_embedded(), 1);
}

/// A kept index as a stranger would make it: another header or other embeddings, and the digest that fits.
class CraftedIndex {
 public:
  explicit CraftedIndex(const std::filesystem::path& file) : file_(file) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data() + kMagic.size(), sizeof length);
    const std::size_t begin = kMagic.size() + sizeof length;
    header = json::parse(bytes.substr(begin, length));
    embeddings = bytes.substr(begin + length, bytes.size() - 64 - begin - length);
  }
  void write() const { write(json_line(header)); }
  void write(const std::string& text) const {
    const std::uint64_t length = text.size();
    std::string bytes = kMagic;
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length).append(text + embeddings);
    testing::write_file(file_, bytes + sha256(bytes));
  }

  json header;
  std::string embeddings;

 private:
  static inline const std::string kMagic = "tvr search index 1\n";
  std::filesystem::path file_;
};

TEST_F(SearchTest, AnIndexThatDoesNotFitTheModelOrItselfIsMadeAnew) {
  run_.add_video("a", showing(kRed, 5));
  run_.add_video("long", once(kDog, 100, 50, 52));
  const std::filesystem::path file = run_.run() / "search_index.bin";
  (void)searcher();
  const CraftedIndex good(file);
  const auto expect_made_anew = [&](const std::string& what,
                                    const std::function<void(CraftedIndex&)>& craft) {
    CraftedIndex crafted = good;
    craft(crafted);
    crafted.write();
    Searcher planted = searcher();
    EXPECT_EQ(planted.index()->newly_embedded(), 2) << what;
    EXPECT_NEAR(ask(planted, "red").hits.front().score, 1, 1e-6) << what;
  };
  const auto repeated = [](const std::string& bytes, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += bytes;
    return all;
  };
  const auto width = [&](std::int64_t dim, std::string embeddings) {
    return [dim, embeddings = std::move(embeddings)](CraftedIndex& index) {
      index.header["dim"] = dim;
      index.embeddings = embeddings;
    };
  };
  expect_made_anew("16 times as wide", width(16 * 8, repeated(good.embeddings, 16)));
  expect_made_anew("narrow", width(1, good.embeddings.substr(0, good.embeddings.size() / 8)));
  expect_made_anew("no width", width(0, ""));
  expect_made_anew("a negative width", width(-8, good.embeddings));
  expect_made_anew("a width that overflows", width((std::int64_t{1} << 62) + 1, good.embeddings));
  expect_made_anew("a row too few", width(8, good.embeddings.substr(32)));
  expect_made_anew("a row too many", width(8, good.embeddings + std::string(32, '\0')));
  const auto first_video = [](const char* key, const json& value) {
    return [key, value](CraftedIndex& index) { index.header["videos"][0][key] = value; };
  };
  constexpr std::int64_t kFar = std::int64_t{1} << 62;
  expect_made_anew("no windows", first_video("windows", json::array()));
  expect_made_anew("windows without end", first_video("windows", {-kFar, kFar}));
  expect_made_anew("a window backwards", first_video("windows", {5, 0}));
  expect_made_anew("a window beyond the end", first_video("windows", {0, 6'000'000}));
  expect_made_anew("a length without end", first_video("length", kFar));
  expect_made_anew("a negative length", first_video("length", -1));
  expect_made_anew("a length that is none", first_video("length", "5"));
  expect_made_anew("times that are none", first_video("windows", {0.5, "b"}));
  expect_made_anew("a number beyond 64 bits", first_video("length", 1e300));
  expect_made_anew("no id", first_video("id", nullptr));
  expect_made_anew("no videos", [](CraftedIndex& index) { index.header["videos"] = 7; });
  expect_made_anew("another header", [](CraftedIndex& index) { index.header = json::array({1}); });

  good.write("{\"videos\": " + std::string(300'000, '['));
  EXPECT_EQ(searcher().index()->newly_embedded(), 2) << "nested";
  good.write();
  EXPECT_EQ(searcher().index()->newly_embedded(), 0) << "as it was";
}

TEST_F(SearchTest, AnIndexThatIsAFifoIsNotWaitedFor) {
  run_.add_video("a", showing(kRed, 5));
  ASSERT_EQ(::mkfifo((run_.run() / "search_index.bin").c_str(), 0600), 0);
  EXPECT_EQ(searcher().index()->newly_embedded(), 1);
}

TEST_F(SearchTest, LeavesOutVideosWithTimesOrValuesThatNoVideoHasAndServesTheOthers) {
  constexpr Micros kNever(std::numeric_limits<std::int64_t>::max());
  constexpr auto kHalf = std::chrono::milliseconds(500);
  constexpr std::chrono::hours kYears(24 * 365 * 31);
  run_.add_video("sound", showing(kRed, 100));
  run_.add_rows("a row of 31 years", {{seconds(0), kYears}});
  run_.add_rows("a gap of 31 years", {{seconds(0), seconds(1)}, {kYears, kYears + seconds(1)}});
  run_.add_rows("a gap of a week",
                {{seconds(0), seconds(1)}, {std::chrono::hours(168), std::chrono::hours(169)}});
  run_.add_rows("until never", {{seconds(0), kNever}});
  run_.add_rows("at never", {{kNever - seconds(1), kNever}});
  run_.add_rows("before the start", {{seconds(-5), seconds(1)}});
  run_.add_rows("long before the start", {{-kYears, seconds(40)}});
  run_.add_rows("backwards", {{seconds(3), seconds(2)}});
  run_.add_rows("unordered", {{seconds(5), seconds(6)}, {seconds(1), seconds(2)}});
  run_.add_rows("nan", {{seconds(0), seconds(1)}}, std::numeric_limits<float>::quiet_NaN());
  run_.add_rows("infinite", {{seconds(0), seconds(1)}}, -std::numeric_limits<float>::infinity());
  run_.add_rows("overlapping",
                {{seconds(0), seconds(2)}, {seconds(1), seconds(3)}, {seconds(1) + kHalf, seconds(3)}});
  run_.add_rows("sparse", {{seconds(0), seconds(40)}, {seconds(40), seconds(80)}});
  Searcher planted = searcher();
  std::vector<std::string> damaged = planted.index()->damaged();
  std::sort(damaged.begin(), damaged.end());
  EXPECT_EQ(damaged, (std::vector<std::string>{"a gap of 31 years", "a gap of a week", "a row of 31 years",
                                               "at never", "backwards", "before the start", "infinite",
                                               "long before the start", "nan", "unordered", "until never"}));
  std::vector<std::string> found = ids(ask(planted, "red"));
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (std::vector<std::string>{"overlapping", "sound", "sparse"}));
  EXPECT_LT(planted.index()->windows().windows(), 100);
}

TEST_F(SearchTest, LeavesOutVideosWhoseRowsHaveOtherColumnsThanTheRest) {
  run_.add_rows("0 narrow", {{seconds(0), seconds(1)}}, 0.5F, 1);
  run_.add_rows("0 wide", {{seconds(0), seconds(1)}}, 0.5F, 99);
  run_.add_video("sound", showing(kRed, 100));
  run_.add_video("sound, too", showing(kGreen, 100));
  run_.add_rows("z narrow", {{seconds(0), seconds(100)}}, 0.5F, 3);
  Searcher planted = searcher();
  EXPECT_EQ(planted.index()->damaged(), (std::vector<std::string>{"0 narrow", "0 wide", "z narrow"}));
  EXPECT_EQ(ids(ask(planted, "red")).front(), "sound");
}

TEST_F(SearchTest, AFolderThatCannotBeWrittenIsSearchedAllTheSame) {
  run_.add_video("a", showing(kRed, 5));
  std::filesystem::create_directories(run_.run() / "search_index.bin");  // a folder is in the way
  Searcher planted = searcher();
  EXPECT_EQ(ids(ask(planted, "red")), (std::vector<std::string>{"a"}));
}

TEST_F(SearchTest, LeavesOutAVideoWithDamagedRowsAndNamesIt) {
  run_.add_video("a", showing(kRed, 5));
  run_.add_video("b", showing(kRed, 5));
  {
    Database database(run_.store(), Database::Open::ReadWrite);
    database.run(
        "UPDATE feature SET halves = zeroblob(length(halves)) WHERE video = (SELECT id FROM video WHERE name "
        "= 'a')");
  }
  Searcher planted = searcher();
  EXPECT_EQ(planted.index()->damaged(), (std::vector<std::string>{"a"}));
  EXPECT_EQ(ids(ask(planted, "red")), (std::vector<std::string>{"b"}));
}

TEST_F(SearchTest, NamesTheFirstDamagedVideosAndCountsTheOthersInOneLine) {
  const auto warned = [](const std::vector<std::string>& ids) {
    ::testing::internal::CaptureStderr();
    warn_of_damaged(ids);
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(warned({}), "");
  EXPECT_EQ(warned({"%2D4ws"}),
            "warning: '-4ws' is left out: its features are damaged, or too few for its length\n");
  EXPECT_EQ(
      warned({"a", "b"}),
      "warning: 2 videos are left out: their features are damaged, or too few for their length: 'a', 'b'\n");
  std::vector<std::string> many = {"a", "b", "c", "d", "e"};
  EXPECT_THAT(warned(many), ::testing::EndsWith("'a', 'b', 'c', 'd', 'e'\n"));
  for (int i = 0; i < 37; ++i) many.push_back("video" + std::to_string(i));
  EXPECT_THAT(warned(many), ::testing::AllOf(::testing::StartsWith("warning: 42 videos are left out"),
                                             ::testing::EndsWith("'d', 'e' and 37 more\n")));
}

TEST_F(SearchTest, ServesAStoreOfManyDamagedVideosWithOneLine) {
  run_.add_video("sound", showing(kRed, 5));
  for (int i = 0; i < 20; ++i) run_.add_rows("damaged" + std::to_string(i), {{seconds(3), seconds(2)}});
  ::testing::internal::CaptureStderr();
  { const SearchService service(std::unique_ptr<Searcher>(new Searcher(searcher()))); }
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, ::testing::HasSubstr("20 videos are left out"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST_F(SearchTest, RefusesAFolderThatIsNoRunAndARunThatIsNotTrained) {
  run_.add_video("a", showing(kRed, 5));
  expect_error([&] { testing::searcher_of(folder_ / "none"); }, Fault::NotFound, "none");
  expect_error([&] { testing::searcher_of(folder_.path()); }, Fault::NotFound, "run.json");
  std::filesystem::remove(run_.run() / "checkpoint.pth");
  expect_error([&] { (void)searcher(); }, Fault::NotFound, "checkpoint.pth");
}

TEST_F(SearchTest, RefusesAStoreWithoutFeaturesOrWithOthersThanTheModelWasTrainedOn) {
  expect_error([&] { (void)searcher(); }, Fault::NotFound, "no features");
  run_.add_video("a", showing(kRed, 5));
  const PlantedRun other(folder_ / "other");
  RunManifest manifest = other.manifest();
  manifest.lanes[1].weights = "random:seed=2";
  other.record(manifest);
  other.add_video("a", showing(kRed, 5));
  expect_error([&] { testing::searcher_of(other.run()); }, Fault::Mismatch,
               "trained on: weights random:seed=1 instead of random:seed=2");
}

TEST_F(SearchTest, RefusesWordVectorsOfAnotherSize) {
  run_.add_video("a", showing(kRed, 5));
  testing::write_file(run_.run() / "words.txt", "red 1 0 0\n");
  expect_error([&] { (void)searcher(); }, Fault::Mismatch, "3 values");
}

}  // namespace
}  // namespace tvr

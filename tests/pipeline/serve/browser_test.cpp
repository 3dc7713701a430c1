// The page of `pipeline serve` in a real browser: scripts/browser_test.sh runs these.
#include "tests/support/browser.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "pipeline/commands/page_facts.h"
#include "pipeline/report/report_style.h"
#include "pipeline/search/search_service.h"
#include "pipeline/serve/web_server.h"
#include "tests/support/planted_run.h"
#include "tests/support/run_searcher.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::Browser;
using ::testing::HasSubstr;
using testing::PlantedRun;
using testing::TempFolder;
namespace keys = testing::keys;

constexpr int kRed = 0, kGreen = 1, kDog = 2, kNothing = -1;
constexpr double kFps = 5;

#define TVR_NEEDS_BROWSER()                        \
  if (std::getenv("TVR_BROWSER_TESTS") == nullptr) \
  GTEST_SKIP() << "needs Chromium and its driver: run scripts/browser_test.sh"

/// An id that would be a script if the page let it, and that survives no sloppy escaping.
const std::string kMarkup = "<img src=x onerror='window.harm=1'>\"&amp;50%25+a\u0308?#\n";

/// A server over "clip" (50 s; a dog from second 45 on: of its windows only the last has one; each of its
/// pictures tells which one it is), "old" (an AVI, red), "plain" (10 s of red) and a video that failed, with
/// words that would be a script if the page let them.
class BrowserTest : public ::testing::Test {
 protected:
  void SetUp() override {
    TVR_NEEDS_BROWSER();
    run_ = std::make_unique<PlantedRun>(folder_ / "planted");
    add("clip", 50, "libx264", ".mp4", 45, kDog);
    add("plain", 10, "libx264", ".mp4", 0, kRed);
    add("old", 4, "mpeg4", ".avi", 0, kRed);
    add_failure();
    serve();
    browser_ = std::make_unique<Browser>(folder_ / "profile");
    browser_->open(address("127.0.0.1"));
  }

  /// Serves the store as it is now.
  void serve(const PageFacts& facts = {}) {
    server_.reset();
    service_ = std::make_unique<SearchService>(
        std::unique_ptr<Searcher>(new Searcher(testing::searcher_of(run_->run()))));
    server_ = std::make_unique<WebServer>(*service_, run_->run(), "127.0.0.1", 0, facts);
  }
  [[nodiscard]] std::string address(const std::string& host) const {
    return "http://" + host + ":" + std::to_string(server_->port()) + "/";
  }

  void add(const std::string& id, int length_s, const std::string& codec, const std::string& ending, int from,
           int word) {
    const std::filesystem::path file = folder_ / (id + ending);
    testing::write_video(file, {codec, 160, 120, testing::at_rate(kFps, static_cast<int>(length_s * kFps))});
    std::vector<int> shown(static_cast<std::size_t>(length_s), kNothing);
    for (int s = from; s < length_s; ++s) shown[static_cast<std::size_t>(s)] = word;
    run_->add_video(id, shown, file);
  }

  void add_failure() {
    FeatureStore store(run_->store(), FeatureStore::Access::ReadWrite);
    VideoOutcome failed;
    failed.source = {"broken", "/videos/broken.mp4"};
    failed.fingerprint = {9, 9, sha256("broken")};
    failed.status = Status::Unreadable;
    failed.message = "<img src=x onerror='window.harm=1'>";
    failed.lanes.push_back({store.add_recipe({"2d", "{}", "random:seed=1"}), {}});
    store.write(failed);
  }

  void search(const std::string& sentence) {
    browser_->value("document.getElementById('query').focus()");
    browser_->value("document.getElementById('query').select()");
    browser_->type(sentence);
    ASSERT_TRUE(browser_->becomes_true("document.querySelectorAll('#results .card').length > 0"));
    ASSERT_TRUE(browser_->becomes_true("shown.query === '" + sentence + "'"));
  }

  TempFolder folder_;
  std::unique_ptr<PlantedRun> run_;
  std::unique_ptr<SearchService> service_;
  std::unique_ptr<WebServer> server_;
  std::unique_ptr<Browser> browser_;
};

TEST_F(BrowserTest, TypingShowsThumbnailsAndAClickPlaysTheClipAtItsMoment) {
  search("dog");
  EXPECT_THAT(browser_->value("document.getElementById('status').textContent").get<std::string>(),
              HasSubstr("3 results of 3 videos"));
  EXPECT_EQ(browser_->value("document.querySelector('#results .card .name').textContent"), "clip");
  EXPECT_TRUE(browser_->becomes_true("document.querySelector('#results .card img').naturalWidth > 0"));
  browser_->click("#results .card");
  ASSERT_TRUE(browser_->becomes_true("document.getElementById('player').open"));
  ASSERT_TRUE(browser_->becomes_true(
      "document.getElementById('video').readyState >= 2 && !video.paused && !video.seeking"));
  const double at_s = browser_->value("document.getElementById('video').currentTime");
  EXPECT_GE(at_s, 40);
  EXPECT_LT(at_s, 50);
  // The picture itself says so, too: of 250 frames, which one modulo 50.
  browser_->value("document.getElementById('video').pause()");
  ASSERT_TRUE(browser_->becomes_true("!video.seeking"));
  const int level = browser_->value(
      "(() => { const c = document.createElement('canvas'); c.width = c.height = 8; const x = "
      "c.getContext('2d'); "
      "x.drawImage(video, 0, 0, 8, 8); return x.getImageData(4, 4, 1, 1).data[0]; })()");
  const double frame =
      std::floor(browser_->value("document.getElementById('video').currentTime").get<double>() * kFps);
  EXPECT_LE(std::abs(std::remainder(testing::frame_index_of_level(level) - frame, 50)), 2);
  EXPECT_EQ(browser_->complaints(), "");
}

TEST_F(BrowserTest, TheKeyboardAloneIsEnough) {
  search("dog");
  browser_->type(keys::kDown);
  EXPECT_EQ(browser_->value("document.activeElement.dataset.index"), "0");
  browser_->type(keys::kRight);
  EXPECT_EQ(browser_->value("document.activeElement.dataset.index"), "1");
  browser_->type(keys::kEnter);
  ASSERT_TRUE(browser_->becomes_true("document.getElementById('player').open"));
  browser_->type(keys::kEscape);
  ASSERT_TRUE(browser_->becomes_true("!document.getElementById('player').open"));
  EXPECT_EQ(browser_->value("document.activeElement.dataset.index"), "1");  // where one was
  browser_->type("/");
  EXPECT_EQ(browser_->value("document.activeElement.id"), "query");
  browser_->type(keys::kEscape);
  EXPECT_TRUE(browser_->becomes_true("document.querySelectorAll('#results .card').length === 0"));
}

TEST_F(BrowserTest, BackForwardReloadAndALinkShowWhatTheAddressSays) {
  const auto hash = [&] { return browser_->value("location.hash").get<std::string>(); };
  search("dog");
  EXPECT_EQ(hash(), "#/search?q=dog");
  browser_->click("#results .card");
  ASSERT_TRUE(browser_->becomes_true("document.getElementById('player').open"));
  EXPECT_EQ(hash(), "#/search?q=dog&t=40&video=clip");
  browser_->value("history.back()");
  ASSERT_TRUE(browser_->becomes_true("!document.getElementById('player').open"));
  EXPECT_EQ(hash(), "#/search?q=dog");
  EXPECT_EQ(browser_->value("document.querySelectorAll('#results .card').length"), 3);
  browser_->value("history.forward()");
  ASSERT_TRUE(browser_->becomes_true("document.getElementById('player').open && playing.end === 50"));
  browser_->type(keys::kEscape);  // closes by going back, so that Back does not open it again
  ASSERT_TRUE(browser_->becomes_true("!document.getElementById('player').open"));
  ASSERT_TRUE(browser_->becomes_true("location.hash === '#/search?q=dog'"));
  browser_->value("history.back()");
  EXPECT_TRUE(browser_->becomes_true(
      "document.getElementById('query').value === '' && !document.querySelector('#results .card')"))
      << "the letters of a word are one step";
  browser_->open("about:blank");
  browser_->open(address("127.0.0.1") + "#/search?q=dog&name=cl&video=clip&t=42.5");
  ASSERT_TRUE(browser_->becomes_true("playing && playing.end === 50"));
  EXPECT_EQ(browser_->value("document.getElementById('query').value"), "dog");
  EXPECT_TRUE(browser_->becomes_true("document.querySelectorAll('#results .card').length === 1"));
  EXPECT_TRUE(browser_->becomes_true("Math.abs(document.getElementById('video').currentTime - 42.5) < 5"));
  browser_->type(keys::kEscape);
  ASSERT_TRUE(browser_->becomes_true("location.hash === '#/search?name=cl&q=dog'"));
  browser_->value("location.reload()");
  EXPECT_TRUE(browser_->becomes_true("document.querySelectorAll('#results .card').length === 1"));
  EXPECT_EQ(browser_->complaints(), "");
}

TEST_F(BrowserTest, OtherPagesLeadBackToTheResultsAndAnAddressWithoutSenseIsTheStart) {
  search("red");
  browser_->click("nav a[href='#/store']");
  browser_->click("#store-name");
  browser_->type("plain");
  ASSERT_TRUE(browser_->becomes_true("document.querySelectorAll('#store-videos tbody tr').length === 2"));
  EXPECT_EQ(browser_->value("location.hash"), "#/store?name=plain");
  browser_->click("#to-search");
  ASSERT_TRUE(browser_->becomes_true("!document.getElementById('search').hidden"));
  EXPECT_EQ(browser_->value("document.getElementById('query').value"), "red");
  for (const char* const nonsense : {"#", "#/nowhere?x=%25", "#/search?t=x&at=y&top=z",
                                     "#/search?q=red&top=1e9", "#?%%%", "#/store?name=%FF"}) {
    browser_->value(std::string("location.hash = '") + nonsense + "'");
    browser_->value("location.reload()");
    EXPECT_TRUE(browser_->becomes_true("document.querySelectorAll('main:not([hidden])').length === 1"))
        << nonsense;
  }
  browser_->value("location.hash = '#/search?video=nothing&t=3'");
  EXPECT_TRUE(
      browser_->becomes_true("document.getElementById('player-note').textContent.includes('no searchable')"));
}

TEST_F(BrowserTest, AFormatThatBrowsersDoNotPlayIsSaidOnTheCardAndShownInStills) {
  search("red");
  ASSERT_TRUE(browser_->becomes_true("document.querySelector('.note')"));
  EXPECT_EQ(browser_->value("document.querySelector('.note').textContent"), "still frames only");
  browser_->value("document.querySelector('.note').closest('#results .card').click()");
  ASSERT_TRUE(browser_->becomes_true("document.getElementById('player-note').textContent !== ''"));
  EXPECT_THAT(browser_->value("document.getElementById('player-note').textContent").get<std::string>(),
              HasSubstr("mpeg4 in AVI"));
  EXPECT_EQ(browser_->value("document.getElementById('player-file').textContent"),
            (folder_ / "old.avi").string());
  browser_->click("#player-copy");
  EXPECT_EQ(browser_->value("String(getSelection())"), (folder_ / "old.avi").string());
  EXPECT_TRUE(
      browser_->becomes_true("[...document.querySelectorAll('#stills img')].filter((i) => i.naturalWidth > 0)"
                             ".length === 6"));
}

TEST_F(BrowserTest, VideosInContainersThatBrowsersDoNotKnowPlayAtTheirMoment) {
  for (const char* const ending : {".avi", ".ts", ".mkv"}) {
    add(std::string("in") + ending, 40, "libx264", ending, 35, kGreen);
    serve();
    browser_->open("about:blank");
    browser_->open(address("127.0.0.1") + "#/search?video=in" + ending + "&t=30");
    ASSERT_TRUE(browser_->becomes_true(
        "document.getElementById('video').readyState >= 2 && !video.seeking && video.currentTime >= 30"))
        << ending;
    EXPECT_LT(browser_->value("video.currentTime").get<double>(), 40) << ending;
    EXPECT_NEAR(browser_->value("video.duration").get<double>(), 40, 0.5) << ending;
    browser_->value("video.currentTime = 3");
    EXPECT_TRUE(browser_->becomes_true("!video.seeking && video.readyState >= 2 && video.currentTime < 6"))
        << ending;
    EXPECT_EQ(browser_->complaints(), "") << ending;
  }
}

TEST_F(BrowserTest, HevcIsOfferedWhereTheBrowserSaysThatItPlaysIt) {
  const std::filesystem::path file = folder_ / "hevc.mp4";
  try {
    testing::write_video(file, {"libx265", 160, 120, testing::at_rate(kFps, 20)});
  } catch (const std::exception& error) {
    GTEST_SKIP() << error.what();
  }
  run_->add_video("hevc", std::vector<int>(4, kGreen), file);
  serve();
  for (const bool plays : {false, true}) {
    browser_->open("about:blank");
    browser_->open(address("127.0.0.1"));
    browser_->value(
        std::string("HTMLMediaElement.prototype.canPlayType = (type) => (window.offered = type, '") +
        (plays ? "probably" : "") + "')");
    search("green");
    browser_->value(
        "[...document.querySelectorAll('#results .card')].find((c) => "
        "c.textContent.includes('hevc')).click()");
    ASSERT_TRUE(browser_->becomes_true("playing && playing.media"));
    EXPECT_THAT(browser_->value("window.offered").get<std::string>(), HasSubstr("codecs=\"hvc1.1.6.L"));
    if (plays) {  // this browser cannot in truth: then stills as well
      EXPECT_TRUE(
          browser_->becomes_true("performance.getEntriesByType('resource').some((e) => "
                                 "e.name.includes('/media?video=hevc'))"));
    } else {
      EXPECT_TRUE(browser_->becomes_true(
          "document.getElementById('player-note').textContent.includes('does not play hevc')"));
    }
    EXPECT_TRUE(
        browser_->becomes_true("plays(playing.media) && video.readyState >= 1 || "
                               "document.querySelectorAll('#stills img').length === 6"));
  }
}

TEST_F(BrowserTest, OfVideosWhoseFilesAreGoneItSaysSoOnceAndShowsNoBrokenPictures) {
  run_ = std::make_unique<PlantedRun>(folder_ / "imported");
  for (const char* const id : {"one", "two", "three"}) run_->add_video(id, {kDog, kRed});
  serve();
  browser_->open(address("127.0.0.1"));
  search("dog");
  ASSERT_TRUE(browser_->becomes_true("document.querySelectorAll('.picture img').length === 0"));
  const auto status = browser_->value("document.getElementById('status').textContent").get<std::string>();
  const std::size_t first = status.find("--videos FOLDER");
  ASSERT_NE(first, std::string::npos) << status;
  EXPECT_EQ(status.find("--videos", first + 1), std::string::npos) << "once";
  EXPECT_EQ(browser_->value("getComputedStyle(document.querySelector('.none')).display"), "none");
}

TEST_F(BrowserTest, AnIdIsTextWhateverItHolds) {
  run_->add_video(kMarkup, std::vector<int>(3, kGreen), folder_ / "plain.mp4");
  serve();
  browser_->open(address("127.0.0.1"));
  search("green");
  ASSERT_TRUE(browser_->becomes_true("document.querySelector('#results .card img').naturalWidth > 0"));
  EXPECT_EQ(browser_->value("document.querySelector('#results .card .name').textContent"), kMarkup);
  browser_->click("#results .card");
  ASSERT_TRUE(browser_->becomes_true("document.getElementById('video').readyState >= 2"));
  EXPECT_EQ(browser_->value("document.getElementById('player-title').textContent"), kMarkup);
  EXPECT_EQ(browser_->value("window.harm || 0"), 0);
  EXPECT_EQ(browser_->complaints(), "");
}

TEST_F(BrowserTest, FiltersNarrowTheResults) {
  search("red");
  browser_->value("document.getElementById('filters').open = true");
  browser_->click("#filter-name");
  browser_->type("pla");
  EXPECT_TRUE(browser_->becomes_true("document.querySelectorAll('#results .card').length === 1"));
  EXPECT_EQ(browser_->value("document.querySelector('#results .card .name').textContent"), "plain");
}

TEST_F(BrowserTest, TheStartPageSaysWhatThereIsAndOffersSentencesAndTheNewestVideos) {
  PageFacts facts;
  facts.sentences = {"dog", "<b>red</b>"};
  facts.captions["clip"] = {{std::nullopt, "<i>a dog</i>"}};
  facts.weak_below = 0.5F;
  serve(facts);
  browser_->open(address("127.0.0.1"));
  ASSERT_TRUE(browser_->becomes_true("document.querySelectorAll('#newest .card').length === 3"));
  EXPECT_EQ(browser_->value("document.getElementById('start-sizes').textContent"),
            "3 videos, 64 seconds in all.");
  EXPECT_THAT(browser_->value("document.getElementById('banner').textContent").get<std::string>(),
              HasSubstr("random weights"));
  EXPECT_EQ(browser_->value("document.querySelectorAll('#start-sentences button')[1].textContent"),
            "<b>red</b>");
  browser_->click("#start-sentences button");
  ASSERT_TRUE(browser_->becomes_true("document.querySelectorAll('#results .card').length === 3"));
  EXPECT_EQ(browser_->value("location.hash"), "#/search?q=dog");
  EXPECT_EQ(browser_->value("document.getElementById('start').hidden"), true);
  EXPECT_EQ(browser_->value("document.querySelector('#results .caption').textContent"), "<i>a dog</i>");
  EXPECT_EQ(
      browser_->value("[...document.querySelectorAll('#results .card')].map((c) => c.matches('.weak'))"),
      nlohmann::json::array({false, true, true}));
  browser_->value("history.back()");
  EXPECT_TRUE(browser_->becomes_true("!document.getElementById('start').hidden"));
  EXPECT_EQ(browser_->complaints(), "");
}

TEST_F(BrowserTest, MoreResultsComeWhereOneScrollsToTheEnd) {
  for (int i = 0; i < 70; ++i) run_->add_video("video" + std::to_string(i), {kRed, kNothing});
  serve();
  browser_->open(address("127.0.0.1"));
  search("red");
  for (int tries = 0; tries < 8; ++tries) {
    browser_->value("window.scrollTo(0, document.body.scrollHeight)");
    if (browser_->value("document.querySelectorAll('#results .card').length") == 73) break;
    (void)browser_->becomes_true("!asking_more");
  }
  EXPECT_TRUE(browser_->becomes_true("document.querySelectorAll('#results .card').length === 73"));
  EXPECT_EQ(browser_->value(
                "new Set([...document.querySelectorAll('#results .name')].map((n) => n.textContent)).size"),
            73);
  EXPECT_EQ(browser_->value("document.getElementById('more').hidden"), true);
}

TEST_F(BrowserTest, TheStoresVideosComeInPages) {
  for (int i = 0; i < 70; ++i) run_->add_video("video" + std::to_string(i), {kRed});
  browser_->click("nav a[href='#/store']");
  ASSERT_TRUE(
      browser_->becomes_true("document.getElementById('store-place').textContent === '1–100 of 147'"));
  browser_->click("#store-after");
  ASSERT_TRUE(
      browser_->becomes_true("document.getElementById('store-place').textContent === '101–147 of 147'"));
  EXPECT_EQ(browser_->value("document.querySelectorAll('#store-videos tbody tr').length"), 47);
  EXPECT_EQ(browser_->value("document.getElementById('store-after').disabled"), true);
  browser_->value("history.back()");
  EXPECT_TRUE(
      browser_->becomes_true("document.getElementById('store-place').textContent === '1–100 of 147'"));
}

TEST_F(BrowserTest, TheStoresPageShowsFailuresWithTheirWordsAsText) {
  browser_->click("nav a[href='#/store']");
  ASSERT_TRUE(browser_->becomes_true("document.querySelector('#store-failures td')"));
  EXPECT_THAT(browser_->value("document.getElementById('store-failures').textContent").get<std::string>(),
              HasSubstr("<img src=x"));
  EXPECT_EQ(browser_->value("window.harm || 0"), 0);
  EXPECT_EQ(browser_->value("document.querySelectorAll('#store-videos tbody tr').length"), 7);
}

TEST_F(BrowserTest, TheRunsPageDrawsCurvesAndMetrics) {
  testing::write_file(run_->run() / "metrics.json",
                      R"({"test": {"t2v": {"R@1": 12.5, "queries": 8, "interval_95": {"R@1": [2.5, 31]}},
                              "v2t": {"R@1": 25, "queries": 4}}})");
  testing::write_file(run_->run() / "history.jsonl",
                      "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":0.25}\n");
  browser_->click("nav a[href='#/run']");
  ASSERT_TRUE(browser_->becomes_true("document.querySelector('#run-curves polyline')"));
  EXPECT_THAT(browser_->value("document.getElementById('run-metrics').textContent").get<std::string>(),
              ::testing::AllOf(HasSubstr("12.52.5 – 31.0"), HasSubstr("by chance, text to video25.0")));
  EXPECT_EQ(browser_->value("[...document.querySelectorAll('#run-options dt')].map((e) => "
                            "e.textContent).includes('max-words')"),
            true);
  EXPECT_EQ(browser_->complaints(), "");
}

TEST_F(BrowserTest, AClickOnAStepPlaysTheVideoAtItsSecond) {
  testing::write_file(run_->run() / "localized.csv",
                      "video,task,step,second,score,hit,name\nclip,7,1,17,0.5,1,<img src=x "
                      "onerror='window.harm=1'>\nclip,7,2,,,,too short\nelsewhere,8,1,3,1,,cat\n");
  browser_->click("nav a[href='#/run']");
  ASSERT_TRUE(browser_->becomes_true("document.querySelectorAll('.steps button').length === 3"));
  EXPECT_EQ(browser_->value("document.getElementById('steps-status').textContent"), "2 videos.");
  EXPECT_EQ(browser_->value("document.querySelectorAll('.steps button:disabled').length"), 2);
  browser_->click(".steps button");
  ASSERT_TRUE(browser_->becomes_true(
      "document.getElementById('video').readyState >= 2 && !video.paused && !video.seeking"));
  const double at_s = browser_->value("document.getElementById('video').currentTime");
  EXPECT_GE(at_s, 17);
  EXPECT_LT(at_s, 27);
  EXPECT_EQ(browser_->value("window.harm || 0"), 0);
  EXPECT_EQ(browser_->complaints(), "");
}

TEST_F(BrowserTest, NothingIsWiderThanAPhoneAndNothingComesFromElsewhere) {
  browser_->resize(360, 740, true);
  for (const char* const page : {"search", "store", "run"}) {
    browser_->value(std::string("location.hash = '#/") + page + "'");
    if (std::string(page) == "search") search("dog");
    ASSERT_TRUE(browser_->becomes_true("document.readyState === 'complete'"));
    EXPECT_LE(browser_->value("document.documentElement.scrollWidth").get<int>(), 360) << page;
  }
  EXPECT_EQ(browser_->value("performance.getEntriesByType('resource').filter((e) => "
                            "!e.name.startsWith(location.origin)).length"),
            0);
}

TEST_F(BrowserTest, AScreenReaderFindsNamesLandmarksAndTheLiveStatus) {
  search("dog");
  EXPECT_EQ(
      browser_->value("[...document.querySelectorAll('button, input, select, img, svg[role]')].filter((e) => "
                      "e.tagName === 'IMG' ? !e.hasAttribute('alt') : !(e.getAttribute('aria-label') || "
                      "e.textContent.trim() || (e.labels && e.labels.length))).map((e) => e.outerHTML)"),
      nlohmann::json::array());
  EXPECT_EQ(browser_->value("document.querySelectorAll('h1').length"), 1);
  EXPECT_EQ(browser_->value("document.querySelectorAll('main:not([hidden])').length"), 1);
  EXPECT_EQ(browser_->value("document.getElementById('status').getAttribute('aria-live')"), "polite");
  EXPECT_EQ(browser_->value("document.querySelector('nav [aria-current]').textContent"), "Search");
  EXPECT_EQ(browser_->value("document.documentElement.lang"), "en");
}

/// What axe-core complains of on the page as it is: a line each.
std::string findings(Browser& browser) {
  std::ifstream file(std::getenv("TVR_AXE"));
  const std::string axe((std::istreambuf_iterator<char>(file)), {});
  browser.value("(() => { if (!window.axe) { " + axe + " } return 0; })()");
  const nlohmann::json found = browser.value(
      "axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120) + "
      "' ' + "
      "(n.any[0] ? n.any[0].message : '')).slice(0, 3).join(' | ')))");
  std::string lines;
  for (const auto& line : found) lines += line.get<std::string>() + '\n';
  return lines;
}

TEST_F(BrowserTest, AxeFindsNothingOnAnyPage) {
  if (std::getenv("TVR_AXE") == nullptr)
    GTEST_SKIP() << "TVR_AXE does not name axe.min.js: run scripts/browser_test.sh";
  testing::write_file(
      run_->run() / "metrics.json",
      R"({"test": {"t2v": {"R@1": 12.5, "interval_95": {"R@1": [2, 31]}}, "v2t": {"queries": 4}}})");
  testing::write_file(run_->run() / "history.jsonl",
                      "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":0.25}\n");
  testing::write_file(run_->run() / "localized.csv",
                      "video,task,step,second,score,hit,name\nclip,7,1,17,0.5,1,dog\nclip,7,2,,,,late\n");
  PageFacts facts;
  facts.sentences = {"dog", "red"};
  facts.captions["clip"] = {{std::nullopt, "a dog"}};
  facts.weak_below = 0.5F;
  serve(facts);
  const std::map<std::string, std::string> pages = {
      {"#/search", "document.querySelectorAll('#newest .card').length"},
      {"#/search?q=dog", "document.querySelectorAll('#results .card').length"},
      {"#/search?q=zeppelin", "document.getElementById('status').textContent"},
      {"#/search?like=clip&at=45", "document.querySelectorAll('#results .card').length"},
      {"#/search?q=dog&video=clip&t=40", "document.getElementById('video').readyState"},
      {"#/search?q=red&video=old&t=0", "document.querySelectorAll('#stills img').length === 6"},
      {"#/store", "document.querySelector('#store-videos td')"},
      {"#/run", "document.querySelector('.steps') && document.querySelector('#run-curves svg')"}};
  for (const bool dark : {false, true}) {
    browser_->prefer_dark(dark);
    for (const auto& [page, there] : pages) {
      browser_->open("about:blank");
      browser_->open(address("127.0.0.1") + page);
      ASSERT_TRUE(browser_->becomes_true(there)) << page;
      EXPECT_EQ(findings(*browser_), "") << page << (dark ? ", dark" : ", light");
    }
  }
}

TEST_F(BrowserTest, ADroppedPictureIsSentToTheServerOrRefusedInWords) {
  const std::string drop =
      "((type, bytes) => { const data = new DataTransfer(); data.items.add(new File([new Uint8Array(bytes)], "
      "'a picture', {type})); "
      "document.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})); "
      "})";
  browser_->value(drop + "('image/png', [1, 2, 3])");
  EXPECT_TRUE(
      browser_->becomes_true("document.getElementById('status').textContent.includes('words alone')"));
  EXPECT_EQ(browser_->value("document.getElementById('choose').hidden"), true);
  browser_->value("takes_pictures = true");  // the model still takes none, which the server says
  browser_->value(
      "(() => { const c = document.createElement('canvas'); c.width = c.height = 8; "
      "c.getContext('2d').fillRect(0, 0, 8, 8); "
      "return new Promise((done) => c.toBlob((blob) => { search_by(new File([blob], 'square.png', {type: "
      "'image/png'})); done(0); })); })()");
  EXPECT_TRUE(
      browser_->becomes_true("document.getElementById('status').textContent.includes('lanes alone')"));
  EXPECT_EQ(browser_->value("document.getElementById('like-what').textContent"), "square.png");
  EXPECT_TRUE(browser_->becomes_true("document.getElementById('like-picture').naturalWidth === 8"));
  EXPECT_EQ(browser_->value("location.hash"), "#/search?picture=1");
  browser_->value("location.reload()");
  EXPECT_TRUE(
      browser_->becomes_true("document.getElementById('status').textContent.includes('drop it again')"));
  browser_->value("takes_pictures = true");
  browser_->value(drop + "('image/x-none', [1, 2, 3])");
  EXPECT_TRUE(browser_->becomes_true(
      "document.getElementById('status').textContent.includes('no picture that the browser can read')"));
}

TEST(ReportInPrint, LeavesNoHeadingAloneAtTheEndOfAPage) {
  TVR_NEEDS_BROWSER();
  if (std::system("command -v pdftotext > /dev/null") != 0) GTEST_SKIP() << "needs pdftotext (poppler-utils)";
  const TempFolder folder;
  std::string page = std::string("<!doctype html><style>") + kReportStyle + "</style>";
  for (int i = 0; i < 60; ++i) {
    page += "<h2>Heading " + std::to_string(i) +
            "</h2><div class=\"card\" style=\"height:" + std::to_string(100 + i * 83 % 290) +
            "px\">text</div>";
  }
  testing::write_file(folder / "report.html", page);
  Browser browser(folder / "profile");
  browser.open("file://" + (folder / "report.html").string());
  testing::write_file(folder / "report.pdf", browser.pdf());
  ASSERT_EQ(
      std::system(("cd '" + folder.path().string() + "' && pdftotext -layout report.pdf report.txt").c_str()),
      0);
  std::ifstream text(folder / "report.txt");
  int pages = 0;
  std::string line, last;
  while (std::getline(text, line)) {
    if (line.find('\f') != std::string::npos) {
      ++pages;
      EXPECT_EQ(last.find("Heading"), std::string::npos) << "at the end of page " << pages << ": " << last;
      line.erase(0, line.find('\f') + 1);
    }
    // The browser's own last line is the address and the number of the page.
    if (line.find_first_not_of(" ") != std::string::npos && line.find("report.html") == std::string::npos)
      last = line;
  }
  EXPECT_GT(pages, 5);
}

/// What a page elsewhere may try once its name points to this machine (DNS rebinding): expressions that give
/// the text that the page could read. `hidden`: the beginning of a request; `whole`: a request.
constexpr const char* kTries = R"js((() => {
  const run = 'GET /api/run HTTP/1.1\r\nHost: localhost\r\n';
  const hidden = run + 'X: ', whole = run + 'Connection: close\r\n\r\n';
  const server = 'http://127.0.0.1:' + location.port;
  const text = async (...request) => { try { return await (await fetch(...request)).text(); } catch { return ''; } };
  const after = async (method, target, body, mode) => {
    const sent = text(target + '/x' + Math.random(), {method, body, mode});
    return [await text('/api/info?' + Math.random()), await sent, await text('/api/run?' + Math.random())].join();
  };
  const loads = (tag, path) => new Promise((done) => {
    const made = document.createElement(tag);
    made.onload = () => done('loaded a ' + tag);
    made.onerror = () => done('');
    made.src = server + path + '&' + Math.random();
    document.documentElement.append(made);
  });
  return {
    plain: () => text('/api/run?' + Math.random()),
    head_of_a_request_in_a_post: () => after('POST', '', hidden),
    request_in_a_post: () => after('POST', '', whole),
    request_in_a_put: () => after('PUT', '', whole + hidden),
    request_in_a_form: () => { const form = new FormData(); form.append('a', whole); return after('POST', '', form); },
    request_in_a_post_by_address: () => after('POST', server, whole, 'no-cors'),
    by_address: () => text(server + '/api/run?' + Math.random()),
    as_a_script: () => loads('script', '/app.js?'),
    as_a_picture: () => loads('img', '/icon.svg?'),
  };
})())js";

class OtherOrigin : public BrowserTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(OtherOrigin, ReadsNothingThoughItsNameIsMappedToThisMachine) {
  constexpr int kTimes = 200;
  browser_.reset();
  browser_ = std::make_unique<Browser>(
      folder_ / "attacked", std::vector<std::string>{"--host-resolver-rules=MAP *.example 127.0.0.1"});
  browser_->ignore_policies();
  const auto read = [&](const std::string& kind, int times) {
    const std::string repeat =
        "(async () => { const seen = []; for (let k = 0; k < " + std::to_string(times) +
        "; ++k) { const text = await " + kTries + "['" + kind +
        "'](); if (/videos|config|loaded/.test(text)) seen.push(text.slice(0, 200)); } "
        "return seen; })()";
    return browser_->value(repeat);
  };
  browser_->open(address("localhost"));
  const nlohmann::json kinds = browser_->value(std::string("Object.keys(") + kTries + ")");
  ASSERT_EQ(kinds.size(), 9U);
  EXPECT_EQ(read("plain", 1).size(), 1U) << "what is read where it may be read is recognised";
  browser_->open(address(GetParam()));
  for (const std::string kind : kinds) EXPECT_EQ(read(kind, kTimes), nlohmann::json::array()) << kind;
}

INSTANTIATE_TEST_SUITE_P(Names, OtherOrigin,
                         ::testing::Values("evil.example", "127.evil.example", "127.0.0.1.evil.example"));

/// Pictures for people to look at: TVR_SCREENSHOTS names a folder, TVR_SCREENSHOTS_RUN a run, and
/// TVR_SCREENSHOTS_SENTENCE what to look for.
TEST(Screenshots, AreTakenWhereTheyAreAskedFor) {
  TVR_NEEDS_BROWSER();
  const char* const folder = std::getenv("TVR_SCREENSHOTS");
  const char* const run = std::getenv("TVR_SCREENSHOTS_RUN");
  const char* const sentence = std::getenv("TVR_SCREENSHOTS_SENTENCE");
  if (folder == nullptr || run == nullptr || sentence == nullptr)
    GTEST_SKIP() << "TVR_SCREENSHOTS... are not set";
  SearchService service(std::unique_ptr<Searcher>(new Searcher(testing::searcher_of(run))));
  const WebServer server(service, run, "127.0.0.1", 0, page_facts(run, service));
  const TempFolder profile;
  Browser browser(profile / "profile");
  const std::string page = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
  browser.open(page);
  const std::string words =
      browser.value("new URLSearchParams({q: '" + std::string(sentence) + "'}).toString()");
  const std::string loaded =
      "[...document.images].filter((i) => i.checkVisibility() && i.getBoundingClientRect().top < "
      "innerHeight).every((i) => i.complete)";
  struct View {
    std::string name, address, there;
  };
  const std::vector<View> views = {
      {"start", "", "document.querySelector('#newest .card') && " + loaded},
      {"search", "#/search?" + words, "document.querySelector('#results .card') && " + loaded},
      {"player", "#/search?" + words, "document.querySelector('#results .card') && " + loaded},
      {"store", "#/store", "document.querySelector('#store-videos td')"},
      {"run", "#/run", "document.querySelector('#run-metrics td')"}};
  for (const int width : {390, 1280, 2560}) {
    browser.resize(width, width == 390 ? 844 : width * 9 / 16, width == 390);
    for (const bool dark : {false, true}) {
      browser.prefer_dark(dark);
      for (const View& view : views) {
        browser.open("about:blank");
        browser.open(page + view.address);
        ASSERT_TRUE(browser.becomes_true(view.there)) << view.name;
        if (view.name == "player") {
          browser.click("#results .card");
          ASSERT_TRUE(
              browser.becomes_true("document.getElementById('video').readyState >= 2 && !video.seeking || "
                                   "document.querySelectorAll('#stills img').length === 6"));
        }
        EXPECT_LE(browser.value("document.documentElement.scrollWidth").get<int>(), width) << view.name;
        testing::write_file(std::filesystem::path(folder) /
                                fmt::format("{}-{}-{}.png", view.name, width, dark ? "dark" : "light"),
                            browser.screenshot());
      }
    }
  }
}

}  // namespace
}  // namespace tvr

// The page of `pipeline serve` in a real browser: scripts/browser_test.sh runs these.
#include "tests/support/browser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "pipeline/search/search_service.h"
#include "pipeline/serve/web_server.h"
#include "tests/support/planted_run.h"
#include "tests/support/run_searcher.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using testing::Browser;
using ::testing::HasSubstr;
using testing::PlantedRun;
using testing::TempFolder;
namespace keys = testing::keys;

constexpr int kRed = 0, kDog = 2, kNothing = -1;
constexpr double kFps = 5;

#define TVR_NEEDS_BROWSER()                        \
  if (std::getenv("TVR_BROWSER_TESTS") == nullptr) \
  GTEST_SKIP() << "needs Chromium and its driver: run scripts/browser_test.sh"

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
    service_ = std::make_unique<SearchService>(
        std::unique_ptr<Searcher>(new Searcher(testing::searcher_of(run_->run()))));
    server_ = std::make_unique<WebServer>(*service_, run_->run(), "127.0.0.1", 0);
    browser_ = std::make_unique<Browser>(folder_ / "profile");
    browser_->open("http://127.0.0.1:" + std::to_string(server_->port()) + "/");
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
    ASSERT_TRUE(browser_->becomes_true("document.querySelectorAll('.card').length > 0"));
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
  EXPECT_EQ(browser_->value("document.querySelector('.card .name').textContent"), "clip");
  EXPECT_TRUE(browser_->becomes_true("document.querySelector('.card img').naturalWidth > 0"));
  browser_->click(".card");
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
  EXPECT_TRUE(browser_->becomes_true("document.querySelectorAll('.card').length === 0"));
}

TEST_F(BrowserTest, AFormatThatBrowsersDoNotPlayIsSaidOnTheCardAndShownInStills) {
  search("red");
  ASSERT_TRUE(browser_->becomes_true("document.querySelector('.note')"));
  EXPECT_THAT(browser_->value("document.querySelector('.note').textContent").get<std::string>(),
              HasSubstr("mpeg4 in AVI"));
  browser_->value("document.querySelector('.note').closest('.card').click()");
  EXPECT_TRUE(
      browser_->becomes_true("[...document.querySelectorAll('#stills img')].filter((i) => i.naturalWidth > 0)"
                             ".length === 6"));
}

TEST_F(BrowserTest, FiltersNarrowTheResults) {
  search("red");
  browser_->value("document.getElementById('filters').open = true");
  browser_->click("#filter-name");
  browser_->type("pla");
  EXPECT_TRUE(browser_->becomes_true("document.querySelectorAll('.card').length === 1"));
  EXPECT_EQ(browser_->value("document.querySelector('.card .name').textContent"), "plain");
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
  testing::write_file(run_->run() / "metrics.json", R"({"test": {"t2v": {"R@1": 12.5, "queries": 8}}})");
  testing::write_file(run_->run() / "history.jsonl",
                      "{\"epoch\":1,\"loss\":0.5}\n{\"epoch\":2,\"loss\":0.25}\n");
  browser_->click("nav a[href='#/run']");
  ASSERT_TRUE(browser_->becomes_true("document.querySelector('#run-curves polyline')"));
  EXPECT_THAT(browser_->value("document.getElementById('run-metrics').textContent").get<std::string>(),
              HasSubstr("12.5"));
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
  const WebServer server(service, run, "127.0.0.1", 0);
  const TempFolder profile;
  Browser browser(profile / "profile");
  browser.open("http://127.0.0.1:" + std::to_string(server.port()) + "/");
  const auto shoot = [&](const std::string& name) {
    testing::write_file(std::filesystem::path(folder) / (name + ".png"), browser.screenshot());
  };
  const std::string all_loaded =
      "document.querySelectorAll('.card').length > 0 && [...document.images].every((i) => i.complete)";
  browser.type(sentence);
  ASSERT_TRUE(browser.becomes_true(all_loaded));
  shoot("search-light");
  browser.prefer_dark(true);
  shoot("search-dark");
  browser.resize(375, 780, true);
  shoot("search-phone");
  browser.resize(1280, 900, false);
  browser.click(".card");
  ASSERT_TRUE(browser.becomes_true("document.getElementById('video').readyState >= 2"));
  shoot("player-dark");
  browser.type(keys::kEscape);
  browser.prefer_dark(false);
  for (const std::string page : {"store", "run"}) {
    browser.click("nav a[href='#/" + page + "']");
    ASSERT_TRUE(browser.becomes_true("document.querySelector('#" + page + " td')"));
    shoot(page);
  }
}

}  // namespace
}  // namespace tvr

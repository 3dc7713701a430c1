// The page, its API and the files that it may have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <thread>

#include "pipeline/serve/web_files.h"
#include "tests/pipeline/serve/serve_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::PlantedRun;
using testing::ServeTest;
using testing::TempFolder;

TEST_F(ServeTest, GivesThePageAndWhatBelongsToItAndAllowsItNoOtherHost) {
  const httplib::Result page = get("/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_THAT(page->body, HasSubstr("<!doctype html>"));
  EXPECT_THAT(page->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(page->get_header_value_count("Content-Security-Policy"), 1U);
  ASSERT_EQ(web_files().size(), 12U);
  for (const WebFile& file : web_files()) {
    const httplib::Result got = get(file.name == "index.html" ? "/" : "/" + file.name);
    ASSERT_TRUE(got && got->status == 200) << file.name;
    EXPECT_EQ(got->body, file.content);
    EXPECT_EQ(got->body.find("https://"), std::string::npos) << file.name;
    EXPECT_EQ(got->body.find(" style="), std::string::npos) << "the policy forbids it";
  }
}

TEST_F(ServeTest, AnswersASentenceWithVideosAndTheirMoments) {
  const json answer = json_of("/api/search?q=dog&top=2");
  EXPECT_EQ(answer["query"], "dog");
  EXPECT_EQ(answer["videos"], 3);
  EXPECT_EQ(answer["understood"], true);
  ASSERT_EQ(answer["results"].size(), 2U);
  const json& best = answer["results"][0];
  EXPECT_EQ(best["video"], "clip");
  EXPECT_EQ(best["whole"], false);
  EXPECT_EQ(best["start"], 30);
  EXPECT_EQ(best["end"], 40);
  EXPECT_EQ(best["length"], 40);
  EXPECT_NEAR(best["score"].get<double>(), 1, 1e-6);
  EXPECT_EQ(json_of("/api/search?q=zeppelin%20dog")["unknown"], json::array({"zeppelin"}));
  EXPECT_EQ(json_of("/api/search?q=")["understood"], false);
  EXPECT_EQ(json_of("/api/search?q=red&video=kitchen")["results"].size(), 1U);
  EXPECT_EQ(json_of("/api/search?q=red&min_s=30")["results"].size(), 1U);
}

TEST_F(ServeTest, ThumbnailsShowTheMomentThatWasAskedFor) {
  for (const int second : {0, 7, 14, 28, 39}) {
    const httplib::Result got = get("/thumbnail?video=clip&at=" + std::to_string(second) + ".1");
    ASSERT_TRUE(got && got->status == 200) << second;
    EXPECT_EQ(got->get_header_value("Content-Type"), "image/jpeg");
    const std::vector<unsigned char> jpeg(got->body.begin(), got->body.end());
    const cv::Mat picture = cv::imdecode(jpeg, cv::IMREAD_GRAYSCALE);
    ASSERT_EQ(picture.rows, 288);
    const int frame = testing::frame_index_of_level(picture.at<unsigned char>(144, 180));
    // Early ones come from the 1 fps lane, whose picture of second s is that nearest to it.
    const double off = std::remainder(frame - second * kFps, 50);
    EXPECT_LE(std::abs(off), kFps) << "at " << second << " s: frame " << frame;
  }
  EXPECT_EQ(status_of("/thumbnail?video=kitchen/gone"), 404);
  EXPECT_EQ(status_of("/thumbnail?video=passwords"), 404);
}

TEST_F(ServeTest, ServesNoFileButThoseOfTheIndexAndThoseOnlyWhileTheyAreVideos) {
  for (const char* id :
       {"../../../../etc/passwd", "/etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "clip.mp4", "clip%00",
        "%2e%2e/clip", "clip/../clip", "file:///etc/passwd", "CLIP", "*", "%ff%fe"}) {
    for (const char* what : {"/media?video=", "/thumbnail?video=", "/api/media?video="}) {
      EXPECT_THAT(status_of(std::string(what) + id), ::testing::AnyOf(404, 400)) << what << id;
    }
  }
  for (const char* path :
       {"/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/app.js/../../x", "//etc/passwd", "/web/app.js",
        "/index.html", "/appXjs", "/media", "/media?video=", "/thumbnail"}) {
    EXPECT_THAT(status_of(path), ::testing::AnyOf(404, 400)) << path;
  }
  EXPECT_EQ(status_of("/media?video=passwords"), 415);
  EXPECT_EQ(status_of("/media?video=kitchen/gone"), 415);
  const json facts = json_of("/api/media?video=passwords");
  EXPECT_EQ(facts["playable"], false);
  EXPECT_FALSE(facts["reason"].get<std::string>().empty());
}

TEST_F(ServeTest, SaysOfAFormatThatBrowsersDoNotPlay) {
  const std::filesystem::path avi = folder_ / "old.avi";
  testing::write_video(avi, {"mpeg4", 64, 48, testing::at_rate(kFps, 10)});
  run_.add_video("old", {kDog, kDog}, avi);
  for (int tries = 0; tries < 100 && status_of("/api/media?video=old") != 200; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the service looks at the store every 2 s
  }
  const json facts = json_of("/api/media?video=old");
  EXPECT_EQ(facts["playable"], false);
  EXPECT_EQ(facts["reason"], "browsers do not play mpeg4 in AVI");
  EXPECT_EQ(status_of("/media?video=old"), 415);
  EXPECT_EQ(status_of("/thumbnail?video=old&at=1"), 200);
  EXPECT_EQ(json_of("/api/search?q=dog")["videos"], 4);
}

TEST_F(ServeTest, NamesTheMomentOfAVideoAtASecondAsTheSearchDoes) {
  const json best = json_of("/api/search?q=dog&top=1")["results"][0];
  for (const double second : {30.0, 33.5, 39.9, 1000.0}) {  // the last window that begins there or before
    const json moment = json_of("/api/media?video=clip&at=" + std::to_string(second));
    for (const char* const what : {"start", "end", "whole", "length"})
      EXPECT_EQ(moment[what], best[what]) << what << " at " << second;
  }
  EXPECT_EQ(json_of("/api/media?video=clip")["start"], 0);
  EXPECT_EQ(json_of("/api/media?video=clip&at=12")["start"], 10);
  const json whole = json_of("/api/media?video=kitchen/gone&at=1");
  EXPECT_EQ(whole["whole"], true);
  EXPECT_EQ(whole["end"], 2);
  EXPECT_EQ(status_of("/api/media?video=clip&at=-1"), 400);
}

TEST_F(ServeTest, SaysWhatThereIsBeforeASearch) {
  PageFacts facts;
  facts.sentences = {"a dog runs"};
  facts.captions["clip"] = {{std::nullopt, "the whole"},
                            {TimeSpan{Micros(0), std::chrono::seconds(5)}, "the beginning"},
                            {TimeSpan{std::chrono::seconds(34), std::chrono::seconds(38)}, "a dog"}};
  facts.weak_below = 0.5F;
  server_ = std::make_unique<WebServer>(*service_, run_.run(), "127.0.0.1", 0, facts);
  const json info = json_of("/api/info");
  EXPECT_EQ(info["videos"], 3);
  EXPECT_EQ(info["seconds"], 44);
  EXPECT_EQ(info["sentences"], json::array({"a dog runs"}));
  ASSERT_EQ(info["newest"].size(), 3U);
  EXPECT_EQ(info["newest"][0]["video"], "passwords") << "it was added last";
  EXPECT_EQ(info["newest"][2]["captions"], json::array({"the whole", "the beginning", "a dog"}));
  EXPECT_THAT(info["random_weights"].get<std::string>(), HasSubstr("lanes 2d and 3d have random weights"));
  const json answer = json_of("/api/search?q=dog");
  EXPECT_EQ(answer["results"][0]["captions"], json::array({"the whole", "a dog"})) << "of that moment";
  EXPECT_EQ(answer["weak_below"], 0.5);
  EXPECT_FALSE(json_of("/api/search?q=dog&like=clip&at=35").contains("weak_below")) << "other scores";
}

TEST_F(ServeTest, RefusesBadParametersWithWords) {
  for (const std::string& path :
       {std::string("/api/search?q=dog&top=abc"), std::string("/api/search?q=dog&top=-1"),
        std::string("/api/search?q=dog&top=1e99"), std::string("/api/search?q=dog&top=nan"),
        std::string("/api/search?q=%ff%fe"), "/api/search?q=" + std::string(3000, 'a'),
        std::string("/api/search?q=dog&min_s=x"), std::string("/thumbnail?video=clip&at=inf"),
        "/api/store?video=" + std::string(2000, 'a')}) {
    const httplib::Result got = get(path);
    ASSERT_TRUE(got) << path;
    EXPECT_EQ(got->status, 400) << path;
    EXPECT_TRUE(json::parse(got->body).contains("error"));
  }
  EXPECT_EQ(status_of("/api/search?q=%00%01%22%3Cscript%3E"), 200);
  // The server answers and hangs up while the client still writes: it may see no more than that.
  EXPECT_THAT(status_of("/api/search?q=" + std::string(100'000, 'a')), ::testing::AnyOf(414, 400, -1));
  EXPECT_EQ(status_of("/api/search?q=dog"), 200);
}

TEST_F(ServeTest, SendsWhatItHasExaminedAndNotWhatLiesThereSince) {
  ASSERT_EQ(status_of("/media?video=clip"), 200);
  const auto replaced = [&](const auto& replace) {
    std::filesystem::remove(file_);
    testing::write_video(file_, {"libx264", 64, 48, testing::at_rate(kFps, 200)});
    EXPECT_EQ(status_of("/media?video=clip"), 200);
    replace();
    EXPECT_EQ(status_of("/media?video=clip"), 415);
    EXPECT_EQ(json_of("/api/media?video=clip")["playable"], false);
  };
  replaced([&] {
    std::filesystem::remove(file_);
    std::filesystem::create_symlink("/etc/passwd", file_);
  });
  replaced([&] {
    testing::write_file(folder_ / "text", "no video");
    std::filesystem::rename(folder_ / "text", file_);
  });
  replaced([&] {  // of the same size and age, in the same place
    const auto age = std::filesystem::last_write_time(file_);
    testing::write_file(file_, std::string(std::filesystem::file_size(file_), 'x'));
    std::filesystem::last_write_time(file_, age);
  });
}

TEST_F(ServeTest, FindsVideosWhateverTheirIds) {
  const std::vector<std::string> ids = {"<img src=x onerror=alert(1)>",
                                        "\"a' & b\"",
                                        "50%",
                                        "%3Cb%3E",
                                        "two\nlines",
                                        "a+b=c&d#e?f",
                                        " blanks ",
                                        "a\u0308 (NFD)",
                                        "\u00e4 (NFC)",
                                        "../up",
                                        "-hyphen"};
  for (const std::string& id : ids) run_.add_video(id, {kDog, kDog}, file_);
  SearchService service(std::unique_ptr<Searcher>(new Searcher(testing::searcher_of(run_.run()))));
  server_ = std::make_unique<WebServer>(service, run_.run(), "127.0.0.1", 0);
  for (const std::string& id : ids) {
    EXPECT_EQ(json_of("/api/media?video=" + escaped(id))["playable"], true) << id;
    EXPECT_EQ(status_of("/thumbnail?at=1&video=" + escaped(id)), 200) << id;
    const json found = json_of("/api/search?q=dog&video=" + escaped(id))["results"];
    ASSERT_EQ(found.size(), 1U) << id;
    EXPECT_EQ(found[0]["video"], id);
  }
  server_.reset();
}

TEST_F(ServeTest, OutlivesFilesOfARunThatAreNone) {
  const std::string deep = std::string(300'000, '[') + std::string(300'000, ']');
  for (const std::string& text :
       {deep, "{\"a\": " + deep + "}", std::string("7"), std::string("\xff\xfe"), std::string()}) {
    testing::write_file(run_.run() / "metrics.json", text);
    testing::write_file(run_.run() / "history.jsonl", text + "\n{\"epoch\": 1}\n");
    EXPECT_EQ(status_of("/api/run"), 200);
  }
  testing::write_file(run_.run() / "metrics.json", deep);
  testing::write_file(run_.run() / "history.jsonl", deep + "\n{\"epoch\": 1}\n");
  const json run = json_of("/api/run");
  EXPECT_TRUE(run["metrics"].is_null());
  EXPECT_EQ(run["history"].size(), 1U);
  for (const char* const name : {"metrics.json", "history.jsonl", "config.toml", "report.html"}) {
    std::filesystem::remove(run_.run() / name);
    ASSERT_EQ(::mkfifo((run_.run() / name).c_str(), 0600), 0);
  }
  EXPECT_EQ(status_of("/api/run"), 200);
  EXPECT_EQ(status_of("/report"), 404);
  expect_alive();
}

TEST_F(ServeTest, SaysThatTheWordVectorsWereCutAndGoesOn) {
  std::filesystem::resize_file(run_.run() / "words.txt", 3);
  const httplib::Result search = get("/api/search?q=night");
  ASSERT_TRUE(search);
  EXPECT_EQ(search->status, 500);
  EXPECT_THAT(search->body, HasSubstr("changed or cut"));
  expect_alive();
}

TEST_F(ServeTest, ListsTheStoreWithItsFailuresAndTheRun) {
  {
    FeatureStore store(run_.store(), FeatureStore::Access::ReadWrite);
    VideoOutcome failed;
    failed.source = {"broken", "/videos/broken.mp4"};
    failed.fingerprint = {9, 9, sha256("broken")};
    failed.status = Status::Unreadable;
    failed.message = "Invalid data found <b>here</b>";
    failed.lanes.push_back({store.add_recipe({"2d", "{}", "random:seed=1"}), {}});
    store.write(failed);
  }
  EXPECT_TRUE(json_of("/api/run")["metrics"].is_null());
  testing::write_file(run_.run() / "metrics.json", R"({"test": {"t2v": {"R@1": 50}}})");
  testing::write_file(run_.run() / "history.jsonl", "{\"epoch\": 1, \"loss\": 0.5}\n{\"epoch\": 2, \"lo");
  const json store = json_of("/api/store");
  ASSERT_EQ(store["failures"].size(), 1U);
  EXPECT_EQ(store["failures"][0]["message"], "Invalid data found <b>here</b>");
  EXPECT_EQ(store["failures"][0]["status"], "unreadable");
  EXPECT_EQ(store["listed"].size(), 7U);  // three videos in two lanes, one in one
  EXPECT_EQ(json_of("/api/store?video=kitchen")["listed"].size(), 2U);
  EXPECT_EQ(store["count"], 7);
  EXPECT_EQ(json_of("/api/store?from=5")["listed"][0], store["listed"][5]);
  EXPECT_EQ(json_of("/api/store?from=5")["listed"].size(), 2U);
  EXPECT_EQ(json_of("/api/store?from=99")["listed"].size(), 0U);
  EXPECT_EQ(json_of("/api/store?video=kitchen")["count"], 2);
  EXPECT_EQ(status_of("/api/store?from=-1"), 400);
  const json run = json_of("/api/run");
  EXPECT_TRUE(run["chance"].is_null()) << "how many clips there are is not said";
  testing::write_file(run_.run() / "metrics.json", R"({"test": {"v2t": {"queries": 20}}})");
  EXPECT_NEAR(json_of("/api/run")["chance"]["R@5"].get<double>(), 25, 1e-9);
  EXPECT_EQ(run["metrics"]["test"]["t2v"]["R@1"], 50);
  EXPECT_EQ(run["history"].size(), 1U);
  EXPECT_THAT(run["config"].get<std::string>(), HasSubstr("max-words"));
  EXPECT_EQ(run["report"], false);
  EXPECT_EQ(status_of("/report"), 404);
  testing::write_file(run_.run() / "report.html", "<p>report");
  const httplib::Result report = get("/report");
  EXPECT_EQ(report->body, "<p>report");
  EXPECT_EQ(report->get_header_value_count("Content-Security-Policy"), 1U);
  EXPECT_EQ(report->get_header_value("Content-Security-Policy").find("script-src"), std::string::npos);
}

TEST_F(ServeTest, ShowsAStillThatWasMadeBeforeWhereTheVideoIsGoneByNow) {
  const httplib::Result before = get("/thumbnail?video=clip&at=35");
  ASSERT_TRUE(before && before->status == 200);
  std::filesystem::remove(file_);
  SearchService again(std::unique_ptr<Searcher>(new Searcher(testing::searcher_of(run_.run()))));
  server_ = std::make_unique<WebServer>(again, run_.run(), "127.0.0.1", 0);
  const httplib::Result near = get("/thumbnail?video=clip&at=33");
  ASSERT_TRUE(near && near->status == 200);
  EXPECT_EQ(near->body, before->body);
  EXPECT_EQ(status_of("/thumbnail?video=clip&at=5"), 404) << "no picture of that moment was made";
  server_.reset();  // before the service it asks
}

TEST_F(ServeTest, ListsWhenTheStepsOfVideosHappen) {
  EXPECT_EQ(status_of("/api/steps"), 404);
  EXPECT_EQ(json_of("/api/run")["steps"], false);
  testing::write_file(run_.run() / "localized.csv",
                      "video,task,step,second,score,hit,name\nclip,7,1,35,0.5,1,<b>dog</b>\nclip,7,2,,,,red\n"
                      "gone,7,1,1,0.25,0,dog\nunknown,8,1,3,1,,cat\n");
  EXPECT_EQ(json_of("/api/run")["steps"], true);
  const json all = json_of("/api/steps");
  EXPECT_EQ(all["count"], 3);
  const json& clip = all["videos"][0];
  EXPECT_EQ(clip["plays"], "clip");
  EXPECT_EQ(clip["length"], 40.0);
  EXPECT_EQ(clip["task"], "7");
  EXPECT_EQ(clip["steps"], json::parse(R"([{"step": 1, "name": "<b>dog</b>", "second": 35.0, "score": 0.5,
                                           "hit": true},
                                          {"step": 2, "name": "red", "second": null, "score": 0.0,
                                           "hit": null}])"));
  EXPECT_EQ(all["videos"][1]["plays"], "kitchen/gone") << "by the end of its name";
  EXPECT_TRUE(all["videos"][2]["plays"].is_null());
  EXPECT_EQ(json_of("/api/steps?video=8")["videos"][0]["video"], "unknown");
  EXPECT_EQ(json_of("/api/steps?video=lip")["count"], 1);
  testing::write_file(run_.run() / "localized.csv", "video,task\n");
  EXPECT_EQ(status_of("/api/steps"), 200) << "no step is no error";
  testing::write_file(run_.run() / "localized.csv", "video,task\nclip,7\n");
  EXPECT_EQ(status_of("/api/steps"), 404);
  testing::write_file(run_.run() / "localized.csv", "video,task,step,second,score,hit,name\nclip,7,x,,,,\n");
  EXPECT_EQ(status_of("/api/steps"), 500);
  expect_alive();
}

}  // namespace
}  // namespace tvr

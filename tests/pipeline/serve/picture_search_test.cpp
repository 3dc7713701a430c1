// A picture as the question, sent by POST: what looks like it, and what else may be sent there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <random>
#include <thread>

#include "extract/media/picture_file.h"
#include "pipeline/commands/search_command.h"
#include "pipeline/search/search_service.h"
#include "pipeline/serve/web_server.h"
#include "tests/pipeline/serve/raw_client.h"
#include "tests/pipeline/serve/serve_fixture.h"
#include "tests/support/mutate.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/tiny_clip_folder.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::RawClient;
using testing::TempFolder;

/// A server over an index of a tiny pretrained pair: "dark", whose pictures are black on the left, and
/// "bright".
class PictureSearch : public ::testing::Test {
 protected:
  PictureSearch() {
    testing::write_tiny_clip(folder_ / "clip");
    std::filesystem::create_directories(folder_ / "clips");
    for (const char* const name : {"dark", "bright"}) {
      testing::TestVideo video;
      video.pts_ms = testing::at_rate(1, 3);
      video.left_half_black = name == std::string("dark");
      testing::write_video(folder_ / "clips" / (std::string(name) + ".mkv"), video);
    }
    ModelToSearch model;
    model.encoder = folder_ / "clip";
    model.videos.folder = folder_ / "clips";
    model.store = folder_ / "clips.db";
    index_videos(model);
    service_ = std::make_unique<SearchService>(open_searcher(model, true));
    server_ = std::make_unique<WebServer>(*service_, folder_of(model), "127.0.0.1", 0);
  }

  /// A picture like those of "dark", in the format of this ending.
  static std::string picture(const std::string& ending = ".png", int side = 48) {
    cv::Mat pixels(side, side * 4 / 3, CV_8UC3, cv::Scalar(120, 120, 120));
    pixels.colRange(0, pixels.cols / 2).setTo(0);
    std::vector<unsigned char> bytes;
    cv::imencode(ending, pixels, bytes);
    return {bytes.begin(), bytes.end()};
  }

  [[nodiscard]] httplib::Result post(const std::string& body, const std::string& path = "/api/search",
                                     const httplib::Headers& fields = {},
                                     const char* type = "image/png") const {
    httplib::Client client("127.0.0.1", server_->port());
    client.set_read_timeout(60);
    return client.Post(path.c_str(), fields, body, type);
  }
  void expect_alive() const {
    httplib::Client client("127.0.0.1", server_->port());
    const httplib::Result got = client.Get("/api/info");
    ASSERT_TRUE(got);
    EXPECT_EQ(json::parse(got->body)["pictures"], true);
    EXPECT_EQ(json::parse(got->body)["run"], "clips") << "as the index is called";
  }

  TempFolder folder_;
  std::unique_ptr<SearchService> service_;
  std::unique_ptr<WebServer> server_;
};

TEST_F(PictureSearch, FindsWhatLooksLikeItAsTheCommandDoes) {
  for (const char* const ending : {".png", ".jpg", ".webp"}) {
    const httplib::Result got = post(picture(ending));
    ASSERT_TRUE(got) << ending;
    ASSERT_EQ(got->status, 200) << got->body;
    const json answer = json::parse(got->body);
    SearchQuery same;
    same.example = service_->example_of(decode_picture(picture(ending), "the picture"));
    const SearchAnswer wanted = service_->answer(same);
    ASSERT_EQ(answer["results"].size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(answer["results"][i]["video"], wanted.hits[i].source.id) << ending;
      EXPECT_EQ(answer["results"][i]["score"].get<float>(), wanted.hits[i].score) << ending;
    }
    EXPECT_EQ(answer["understood"], true);
    EXPECT_EQ(answer["videos"], 2);
  }
  const json alone = json::parse(post(picture())->body),
             mixed = json::parse(post(picture(), "/api/search?q=a%20dog")->body);
  EXPECT_NE(alone["results"][0]["score"], mixed["results"][0]["score"]);
  EXPECT_EQ(mixed["query"], "a dog");
  EXPECT_EQ(json::parse(post(picture(), "/api/search?top=1&video=bright")->body)["results"].size(), 1U);
  EXPECT_EQ(post(picture(), "/api/search?like=dark")->status, 400);
}

TEST_F(PictureSearch, TakesPicturesFromItsOwnPageAndProgramsAndFromNobodyElse) {
  const std::string own = "127.0.0.1:" + std::to_string(server_->port());
  EXPECT_EQ(post(picture(), "/api/search", {{"Origin", "http://" + own}})->status, 200);
  EXPECT_EQ(
      post(picture(), "/api/search", {{"Host", "localhost:1"}, {"Origin", "http://localhost:1"}})->status,
      200);
  for (const std::string& origin :
       {std::string("http://evil.example"), std::string("null"), "http://" + own + ".evil.example",
        std::string("http://127.0.0.1"), "file://" + own, own, "http://x@" + own})
    EXPECT_EQ(post(picture(), "/api/search", {{"Origin", origin}})->status, 403) << origin;
  EXPECT_EQ(
      post(picture(), "/api/search", {{"Host", "evil.example"}, {"Origin", "http://evil.example"}})->status,
      403)
      << "a name that is made to point to this machine";
  for (const char* const type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "imagex/png"})
    EXPECT_EQ(post(picture(), "/api/search", {}, type)->status, 415)
        << "sent without asking the server first: " << type;
  EXPECT_EQ(post(picture(), "/api/store")->status, 405);
  EXPECT_EQ(post(picture(), "/")->status, 405);
  expect_alive();
}

TEST_F(PictureSearch, SaysWhatIsNoPictureAndGoesOnWhateverTheBytes) {
  const std::string good = picture(), jpeg = picture(".jpg"), webp = picture(".webp");
  std::vector<std::string> bad = {"x",
                                  "GIF89a",
                                  std::string(100'000, '\0'),
                                  "<svg xmlns='http://www.w3.org/2000/svg'/>",
                                  "GET /api/run HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                  good.substr(0, good.size() / 2)};
  std::string huge = good;
  huge.replace(16, 8, "\x7f\xff\xff\xff\x7f\xff\xff\xff");  // the size in its header
  bad.push_back(huge);
  for (const std::string& bytes : bad) {
    const httplib::Result got = post(bytes);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 415) << bytes.substr(0, 20);
    EXPECT_FALSE(json::parse(got->body)["error"].get<std::string>().empty());
  }
  for (const std::string& seed : {good, jpeg, webp}) {
    std::mt19937 random(7);
    for (int i = 0; i < 60; ++i) {
      const httplib::Result got = post(testing::mutate(seed, random) + "x");  // a POST has a body
      ASSERT_TRUE(got) << i;
      EXPECT_THAT(got->status, ::testing::AnyOf(200, 415)) << i;
    }
  }
  expect_alive();
}

TEST_F(PictureSearch, KeepsToItsLimitOfBytesAndRefusesBeforeTheyCome) {
  const std::string begin = "POST /api/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n";
  for (const auto& [fields, status] : std::vector<std::pair<std::string, std::string>>{
           {"Content-Length: 16777217\r\n\r\n", "413"},
           {"Content-Length: 99999999999999\r\n\r\n", "413"},
           {"\r\n", "411"},
           {"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "400"},
           {"Content-Length: 5\r\nOrigin: http://evil.example\r\n\r\n", "403"},
           {"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", "417"}}) {
    const RawClient client(server_->port());
    client.send(begin + fields);
    const std::string answer = client.all_answers();
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 " + status) << fields;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  }
  expect_alive();
}

TEST_F(PictureSearch, NeverTakesWhatIsInABodyOrBehindItForARequest) {
  const std::string hidden = "GET /api/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  const std::string begin = "POST /api/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n";
  const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n\r\n";
  for (const std::string& bytes :
       {begin + length + hidden + hidden, begin + "Content-Length: 1\r\n\r\nx" + hidden,
        begin + "Content-Type: text/plain\r\n" + length + hidden}) {
    const RawClient client(server_->port());
    client.send(bytes);
    const std::string answers = client.all_answers();
    EXPECT_EQ(answers.find("HTTP/1.1 "), 0U);
    EXPECT_EQ(answers.find("HTTP/1.1 ", 1), std::string::npos) << answers;
    EXPECT_EQ(answers.find("\"videos\""), std::string::npos);
  }
}

TEST_F(PictureSearch, ComesInPiecesAndOverAConnectionThatIsKept) {
  const std::string body = picture();
  const std::string request =
      "POST /api/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  const RawClient client(server_->port());
  for (int i = 0; i < 2; ++i) {
    for (std::size_t at = 0; at < request.size(); at += 40) {
      client.send(request.substr(at, 40));
      if (at % 400 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_EQ(client.first_answer().substr(0, 12), "HTTP/1.1 200");
  }
}

TEST_F(PictureSearch, HoldsFourBodiesAtOnceAndLetsGoOfThoseWhoseClientLeaves) {
  const std::string begin =
      "POST /api/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: "
      "16000000\r\n\r\nx";
  {
    std::vector<RawClient> slow;
    for (int i = 0; i < 4; ++i) {
      slow.emplace_back(server_->port());
      slow.back().send(begin);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const RawClient fifth(server_->port());
    fifth.send(begin);
    EXPECT_EQ(fifth.first_answer().substr(0, 12), "HTTP/1.1 503");
    expect_alive();
  }
  int status = 0;
  for (int tries = 0; tries < 50 && status != 200; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    status = post(picture())->status;
  }
  EXPECT_EQ(status, 200);
}

class WordsAlone : public testing::ServeTest {};

TEST_F(WordsAlone, OfARunWithoutAPictureTowerIsSaid) {
  EXPECT_EQ(json_of("/api/info")["pictures"], false);
  cv::Mat pixels(48, 48, CV_8UC3, cv::Scalar(0, 0, 0));
  std::vector<unsigned char> png;
  cv::imencode(".png", pixels, png);
  httplib::Client client("127.0.0.1", server_->port());
  const httplib::Result got = client.Post("/api/search", std::string(png.begin(), png.end()), "image/png");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 415);
  EXPECT_THAT(got->body, ::testing::HasSubstr("lanes alone"));
}

}  // namespace
}  // namespace tvr

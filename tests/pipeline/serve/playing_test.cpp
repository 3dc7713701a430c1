// Videos in containers that browsers do not know, and videos whose files are elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "pipeline/serve/http_server.h"
#include "pipeline/serve/web_api.h"
#include "tests/pipeline/serve/raw_client.h"
#include "tests/pipeline/serve/serve_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/hostile_files.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::RawClient;

const auto kGoOn = [] { return false; };

class Playing : public testing::ServeTest {
 protected:
  /// Serves the run as it is now, with further places of files.
  void serve(const VideoFiles& files = {}) {
    server_.reset();
    service_ = std::make_unique<SearchService>(
        std::unique_ptr<Searcher>(new Searcher(testing::searcher_of(run_.run()))));
    server_ = std::make_unique<WebServer>(*service_, run_.run(), "127.0.0.1", 0, PageFacts{files});
  }
  std::filesystem::path add(const std::string& name) {
    const std::filesystem::path file = folder_ / name;
    testing::write_video(file, {"libx264", 64, 48, testing::at_rate(kFps, 100)});
    run_.add_video(name, std::vector<int>(20, kDog), file);
    return file;
  }
};

TEST_F(Playing, AnotherContainerComesAsAnMp4WithRangesLikeAFile) {
  for (const std::string name : {"a.avi", "b.ts", "c.mkv"}) {
    add(name);
    serve();
    const json facts = json_of("/api/media?video=" + name);
    EXPECT_EQ(facts["playable"], true) << name;
    EXPECT_EQ(facts["remuxed"], true) << name;
    EXPECT_EQ(facts["codec"], "h264");
    EXPECT_EQ(facts["path"], (folder_ / name).string());
    const httplib::Result all = get("/media?video=" + name);
    ASSERT_TRUE(all && all->status == 200) << name;
    EXPECT_EQ(all->get_header_value("Content-Type"), "video/mp4");
    EXPECT_EQ(all->body.substr(4, 4), "ftyp");
    const httplib::Result part = get("/media?video=" + name, {{"Range", "bytes=100-299"}});
    ASSERT_TRUE(part && part->status == 206);
    EXPECT_EQ(part->body, all->body.substr(100, 200));
    const httplib::Result same =
        get("/media?video=" + name, {{"If-None-Match", all->get_header_value("ETag")}});
    EXPECT_EQ(same->status, 304);
    httplib::Client client("127.0.0.1", server_->port());
    EXPECT_EQ(client.Head(("/media?video=" + name).c_str())->get_header_value("Content-Length"),
              std::to_string(all->body.size()));
    serve();  // made anew it is the same, so that a browser goes on where it was
    EXPECT_EQ(get("/media?video=" + name)->body, all->body);
    EXPECT_EQ(get("/media?video=" + name)->get_header_value("ETag"), all->get_header_value("ETag"));
  }
  for (const auto& entry : std::filesystem::directory_iterator(run_.run()))
    EXPECT_EQ(entry.path().filename().string().rfind(".playing", 0), std::string::npos) << "it has no name";
  EXPECT_EQ(json_of("/api/media?video=clip")["remuxed"], false);
}

TEST_F(Playing, AMomentIsSavedAsAFileOfItsOwn) {
  add("a b\"ö.avi");
  serve();
  const std::string name = "a%20b%22%C3%B6.avi";
  const httplib::Result clip = get("/cut?video=" + name + "&start=0&end=1");
  ASSERT_EQ(clip->status, 200);
  EXPECT_EQ(clip->body.substr(4, 4), "ftyp");
  const RawClient raw(server_->port());  // which shows the field as it is sent
  raw.send("HEAD /cut?video=" + name +
           "&start=0&end=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(raw.all_answers(),
              HasSubstr("attachment; filename*=UTF-8''a%20b%22%C3%B6.avi%400.0-1.0.mp4\r\n"));
  EXPECT_EQ(status_of("/cut?video=" + name + "&start=1&end=1"), 400);
  EXPECT_EQ(status_of("/cut?video=" + name + "&start=0&end=5000"), 400);
  EXPECT_EQ(status_of("/cut?video=" + name + "&start=900&end=901"), 400);
  EXPECT_EQ(status_of("/cut?video=nobody&start=0&end=1"), 404);
  EXPECT_EQ(status_of("/cut?video=kitchen/gone&start=0&end=1"), 415);
  for (const auto& entry : std::filesystem::directory_iterator(run_.run()))
    EXPECT_EQ(entry.path().filename().string().rfind(".cutting", 0), std::string::npos) << "it has no name";
}

TEST_F(Playing, IsNotPreparedForNobody) {
  add("a.avi");
  serve();
  WebApi api(*service_, run_.run(), {});
  expect_error([&] { (void)api.open_media("a.avi", [] { return true; }); }, Fault::Interrupted, "nobody");
  EXPECT_GT(api.open_media("a.avi", kGoOn).file->size(), 500);
  EXPECT_GT(api.open_media("a.avi", [] { return true; }).file->size(), 500) << "it is there already";
}

TEST_F(Playing, FewWaitForAPlaceAndThoseWhoLeaveDoNot) {
  Turnstile one(1);
  const Turnstile::Pass held(one);
  expect_error([&] { const Turnstile::Pass pass(one, 0, kGoOn); }, Fault::Busy, "too many");
  expect_error([&] { const Turnstile::Pass pass(one, 1, [] { return true; }); }, Fault::Interrupted,
               "nobody");
}

TEST(HttpRequestIsGone, OnceItsClientHasHungUp) {
  std::atomic<bool> seen{false}, began{false};
  const auto wait = [&](const HttpRequest& request) {
    began = true;
    for (int i = 0; i < 200 && !request.is_gone(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    seen = request.is_gone();
    return HttpResponse();
  };
  HttpServer server(
      "127.0.0.1", 0, wait, [](const HttpRequest&) { return std::nullopt; },
      [](const HttpRefusal&) { return HttpResponse(); });
  server.start();
  {
    const RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (!began) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    EXPECT_FALSE(seen);
  }
  for (int i = 0; i < 200 && !seen; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(seen);
}

TEST_F(Playing, VideosWhoseFilesAreElsewhereArePlayedFromThere) {
  EXPECT_EQ(status_of("/media?video=kitchen/gone"), 415);
  serve({{"kitchen/gone", file_}});
  EXPECT_EQ(status_of("/media?video=kitchen/gone"), 200);
  EXPECT_EQ(status_of("/thumbnail?video=kitchen/gone&at=1"), 200);
  EXPECT_EQ(json_of("/api/media?video=kitchen/gone")["path"], file_.string());
}

TEST_F(Playing, HostileFilesAreRefusedOrPlayedAndTheServerGoesOn) {
  TVR_NEEDS_SHARED("hostile");
  int played = 0;
  std::vector<std::string> ids;
  for (const testing::HostileFile& file : testing::hostile_files("video")) {
    ids.push_back(file.name);
    run_.add_video(file.name, {kDog, kDog}, file.path);
  }
  serve();
  for (const std::string& id : ids) {
    const int status = status_of("/media?video=" + escaped(id));
    EXPECT_THAT(status, ::testing::AnyOf(200, 415)) << id;
    played += status == 200 ? 1 : 0;
    EXPECT_EQ(status_of("/api/media?video=" + escaped(id)), 200) << id;
  }
  EXPECT_GT(played, 10) << "of " << ids.size();
  expect_alive();
}

}  // namespace
}  // namespace tvr

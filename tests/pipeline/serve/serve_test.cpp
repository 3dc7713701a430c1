#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <thread>

#include "pipeline/search/search_service.h"
#include "pipeline/serve/web_files.h"
#include "pipeline/serve/web_server.h"
#include "tests/support/expect_error.h"
#include "tests/support/planted_run.h"
#include "tests/support/run_searcher.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::PlantedRun;
using testing::TempFolder;
using Clock = std::chrono::steady_clock;

constexpr int kRed = 0, kDog = 2, kNothing = -1;
constexpr double kFps = 5;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A plain connection to the server, for what no well-behaved client sends.
class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{8, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  ~RawClient() {
    if (socket_ >= 0) ::close(socket_);
  }
  void send(const std::string& bytes) const {
    (void)::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// What comes until the server closes, or enough of it to see the status.
  [[nodiscard]] std::string first_answer() const {
    char buffer[4096];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
  }
  /// What comes until the server closes; throws if it does not.
  [[nodiscard]] std::string all_answers() const {
    std::string all;
    char buffer[4096];
    ssize_t got = 0;
    while ((got = ::recv(socket_, buffer, sizeof buffer, 0)) > 0)
      all.append(buffer, static_cast<std::size_t>(got));
    if (got < 0 && errno != ECONNRESET) throw std::runtime_error("the server does not close after: " + all);
    return all;
  }
  [[nodiscard]] bool connected() const { return connected_; }

 private:
  int socket_;
  bool connected_ = false;
};

/// A server over three videos: "clip" (a real file of 40 s that shows a dog at its end), "kitchen/gone" (its
/// file is not there), and "passwords" (whose file is none of a video).
class ServeTest : public ::testing::Test {
 protected:
  ServeTest() {
    testing::write_video(file_, {"libx264", 64, 48, testing::at_rate(kFps, 200)});
    std::vector<int> shown(40, kNothing);
    shown[35] = shown[36] = kDog;
    run_.add_video("clip", shown, file_);
    run_.add_video("kitchen/gone", {kRed, kRed}, folder_ / "gone.mp4");
    run_.add_video("passwords", {kDog, kRed}, "/etc/passwd");
    service_ = std::make_unique<SearchService>(
        std::unique_ptr<Searcher>(new Searcher(testing::searcher_of(run_.run()))));
    server_ = std::make_unique<WebServer>(*service_, run_.run(), "127.0.0.1", 0);
  }

  [[nodiscard]] httplib::Result get(const std::string& path, const httplib::Headers& headers = {}) const {
    httplib::Client client("127.0.0.1", server_->port());
    client.set_read_timeout(20);
    return client.Get(path.c_str(), headers);
  }
  [[nodiscard]] int status_of(const std::string& path, const httplib::Headers& headers = {}) const {
    const httplib::Result result = get(path, headers);
    return result ? result->status : -1;
  }
  [[nodiscard]] json json_of(const std::string& path) const {
    const httplib::Result result = get(path);
    if (!result || result->status != 200) throw std::runtime_error(path + " failed");
    return json::parse(result->body);
  }
  /// The id as a browser writes it into a query (encodeURIComponent).
  static std::string escaped(const std::string& id) {
    std::string text;
    char code[4];
    for (const char c : id) {
      std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      text += std::isalnum(static_cast<unsigned char>(c)) ? std::string(1, c) : std::string(code);
    }
    return text;
  }
  void expect_alive() const { EXPECT_EQ(status_of("/api/info"), 200); }

  TempFolder folder_;
  std::filesystem::path file_ = folder_ / "clip.mp4";
  PlantedRun run_{folder_ / "planted"};
  std::unique_ptr<SearchService> service_;
  std::unique_ptr<WebServer> server_;
};

TEST_F(ServeTest, GivesThePageAndWhatBelongsToItAndAllowsItNoOtherHost) {
  const httplib::Result page = get("/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_THAT(page->body, HasSubstr("<!doctype html>"));
  EXPECT_THAT(page->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(page->get_header_value_count("Content-Security-Policy"), 1U);
  ASSERT_EQ(web_files().size(), 4U);
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
    ASSERT_EQ(picture.rows, 112);
    const int frame = testing::frame_index_of_level(picture.at<unsigned char>(56, 70));
    // Early ones come from the 1 fps lane, whose picture of second s is that nearest to it.
    const double off = std::remainder(frame - second * kFps, 50);
    EXPECT_LE(std::abs(off), kFps) << "at " << second << " s: frame " << frame;
  }
  EXPECT_EQ(status_of("/thumbnail?video=kitchen/gone"), 404);
  EXPECT_EQ(status_of("/thumbnail?video=passwords"), 404);
}

TEST_F(ServeTest, SendsAVideoWholeOrInRanges) {
  const std::string whole = bytes_of(file_);
  const std::string size = std::to_string(whole.size());
  const auto part = [&](const std::string& range) { return get("/media?video=clip", {{"Range", range}}); };
  const httplib::Result all = get("/media?video=clip");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->status, 200);
  EXPECT_EQ(all->body, whole);
  EXPECT_EQ(all->get_header_value("Content-Type"), "video/mp4");
  EXPECT_EQ(all->get_header_value("Accept-Ranges"), "bytes");
  struct Case {
    std::string range, wanted, content_range;
  };
  const std::string last = std::to_string(whole.size() - 1);
  for (const Case& one :
       {Case{"bytes=0-99", whole.substr(0, 100), "bytes 0-99/" + size},
        Case{"bytes=100-", whole.substr(100), "bytes 100-" + last + "/" + size},
        Case{"bytes=0-99999999999", whole, "bytes 0-" + last + "/" + size},
        Case{"bytes=-7", whole.substr(whole.size() - 7), ""}, Case{"bytes=-99999999999", whole, ""}}) {
    const httplib::Result got = part(one.range);
    ASSERT_TRUE(got) << one.range;
    EXPECT_EQ(got->status, 206) << one.range;
    EXPECT_EQ(got->body, one.wanted) << one.range;
    if (!one.content_range.empty()) {
      EXPECT_EQ(got->get_header_value("Content-Range"), one.content_range);
    }
  }
}

TEST_F(ServeTest, RefusesRangesThatLieBeyondTheFileAndIgnoresSeveral) {
  const std::string whole = bytes_of(file_);
  const std::string size = std::to_string(whole.size());
  for (const std::string& range :
       {"bytes=" + size + "-", std::string("bytes=99999999999-"), std::string("bytes=-0")}) {
    const httplib::Result got = get("/media?video=clip", {{"Range", range}});
    ASSERT_TRUE(got) << range;
    EXPECT_EQ(got->status, 416) << range;
  }
  for (const char* range :
       {"bytes=9-3", "bytes=a-b", "bytes=", "lines=1-2", "bytes=99999999999999999999999-"}) {
    const httplib::Result got = get("/media?video=clip", {{"Range", range}});
    ASSERT_TRUE(got) << range;
    EXPECT_THAT(got->status, ::testing::AnyOf(416, 200, 400)) << range;
  }
  const httplib::Result several = get("/media?video=clip", {{"Range", "bytes=0-3,10-13"}});
  ASSERT_TRUE(several);
  EXPECT_EQ(several->status, 200);
  EXPECT_EQ(several->body, whole);
  expect_alive();
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

TEST_F(ServeTest, AnswersGetAndHeadOnlyAndNamesOfThisMachineOnly) {
  httplib::Client client("127.0.0.1", server_->port());
  EXPECT_EQ(client.Post("/api/search", "q=dog", "text/plain")->status, 405);
  EXPECT_EQ(client.Delete("/media?video=clip")->status, 405);
  EXPECT_EQ(client.Options("/")->status, 405);
  const httplib::Result head = client.Head("/media?video=clip");
  EXPECT_EQ(head->status, 200);
  EXPECT_TRUE(head->body.empty());
  EXPECT_EQ(head->get_header_value("Content-Length"), std::to_string(std::filesystem::file_size(file_)));
  EXPECT_EQ(status_of("/", {{"Host", "evil.example:8000"}}), 403);
  EXPECT_EQ(status_of("/", {{"Host", "localhost:8000"}}), 200);
  EXPECT_EQ(status_of("/", {{"Host", "[::1]:8000"}}), 200);
}

TEST_F(ServeTest, AnswersOnceAndClosesAfterWhateverIsNotOneCleanRequest) {
  const std::string hidden = "GET /api/run HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n";
  const std::string get = "GET /api/info HTTP/1.1\r\nHost: localhost\r\n";
  const std::string chunk = "2c\r\n" + hidden + "\r\n0\r\n\r\n";
  for (const std::string& bytes :
       {"POST / HTTP/1.1\r\nHost: evil.example\r\n" + length + "\r\n" + hidden,
        "POST / HTTP/1.1\r\nHost: localhost\r\n" + length + "\r\n" + hidden,
        get + length + "\r\n" + hidden,
        get + "Content-Length: 0\r\n" + length + "\r\n" + hidden,
        get + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + hidden,
        get + "Transfer-Encoding: chunked\r\n\r\n" + chunk,
        get + length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
        get + "Transfer-Encoding: chunked\r\n" + length + "\r\n" + chunk,
        get + "Transfer-Encoding: identity\r\n" + length + "\r\n" + hidden,
        get + "Content-Length : 0\r\n" + length + "\r\n" + hidden,
        get + "X: a\n\n" + hidden,
        get + "X: a\r\n b: c\r\n\r\n" + hidden,
        get + "X: a\rb\r\n\r\n" + hidden,
        get + "Host: evil.example\r\n\r\n" + hidden,
        "GET /api/info HTTP/1.1\r\n\r\n" + hidden,
        "GET http://localhost/api/info HTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden,
        "GET /api/info\r\n" + hidden,
        "GET /api/info HTTP/0.9\r\n\r\n" + hidden,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden,
        get + "\r\n" + hidden,
        get + "\r\n\r\n" + hidden,
        get + "\r\nGARBAGE",
        get + "Upgrade: h2c\r\n\r\nPRI * HTTP/2.0",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n" + hidden,
        "GET /" + std::string(40'000, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden,
        "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden,
        "\r\n\r\n" + hidden,
        "\n" + hidden,
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + hidden,
        std::string(300, '\0') + hidden}) {
    const RawClient client(server_->port());
    client.send(bytes);
    const std::string answers = client.all_answers();
    const std::size_t first = answers.find("HTTP/1.1 ");
    EXPECT_EQ(first, 0U) << bytes.substr(0, 200);
    EXPECT_EQ(answers.find("HTTP/1.1 ", first + 1), std::string::npos) << bytes.substr(0, 200) << "\n"
                                                                       << answers;
    EXPECT_EQ(answers.find("max-words"), std::string::npos)
        << "the run is in the answer to " << bytes.substr(0, 200);
    EXPECT_THAT(answers, HasSubstr("Connection: close")) << bytes.substr(0, 200);
  }
  expect_alive();
}

TEST_F(ServeTest, AnswersOneRequestAfterTheOtherOnOneConnection) {
  const RawClient client(server_->port());
  for (int i = 0; i < 20; ++i) {
    client.send("GET /api/info?i=" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n");
    client.send("Content-Length: 0\r\n\r\n");
    ASSERT_THAT(client.first_answer(), HasSubstr("200 OK")) << i;
  }
  client.send("GET /api/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.all_answers(), HasSubstr("200 OK"));
}

TEST_F(ServeTest, ComparesTheHostAsAWhole) {
  for (const char* const host : {"localhost", "LocalHost", "localhost:", "localhost:1", "127.0.0.1",
                                 "127.0.0.1:65535", "[::1]", "[::1]:8000"})
    EXPECT_EQ(status_of("/api/info", {{"Host", host}}), 200) << host;
  for (const char* const host : {"127.evil.example",
                                 "127.0.0.1.evil.example:8000",
                                 "127.0.0.1@evil.example",
                                 "127.0.0.2",
                                 "127.1",
                                 "2130706433",
                                 "0x7f.0.0.1",
                                 "localhost.",
                                 "localhost.evil.example",
                                 "evil.localhost",
                                 "localhost:80:80",
                                 "localhost:80a",
                                 "localhost:evil",
                                 "localhost:123456",
                                 "[::1",
                                 "[::1].evil.example",
                                 "::1",
                                 "[::]",
                                 "0.0.0.0",
                                 "localhost, evil.example",
                                 "localhost/",
                                 "http://localhost",
                                 "\xc4\xb1localhost"})
    EXPECT_EQ(status_of("/api/info", {{"Host", host}}), 403) << host;
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

TEST_F(ServeTest, ReadsRangesAsRfc9110Does) {
  const std::string whole = bytes_of(file_);
  const std::string size = std::to_string(whole.size());
  const auto expect_status = [&](int status, const httplib::Headers& headers) {
    const httplib::Result got = get("/media?video=clip", headers);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, status) << headers.begin()->second;
    EXPECT_EQ(got->body, status == 200 ? whole : status == 206 ? whole.substr(0, 10) : "");
  };
  expect_status(206, {{"Range", "BYTES=0-9"}});
  expect_status(200, {{"Range", "frames=0-9"}});
  expect_status(200, {{"Range", "bytes=9-0"}});
  expect_status(200, {{"Range", "bytes=x-9"}});
  EXPECT_EQ(get("/media?video=clip", {{"Range", "bytes=" + size + "-"}})->get_header_value("Content-Range"),
            "bytes */" + size);

  std::filesystem::last_write_time(file_, std::filesystem::last_write_time(file_) - std::chrono::hours(1));
  const httplib::Result all = get("/media?video=clip");
  const std::string etag = all->get_header_value("ETag"), modified = all->get_header_value("Last-Modified");
  EXPECT_THAT(modified, HasSubstr(" GMT"));
  const auto part_if = [&](int status, const std::string& validator) {
    expect_status(status, {{"If-Range", validator}, {"Range", "bytes=0-9"}});
  };
  part_if(206, etag);
  part_if(200, "W/" + etag);
  part_if(200, "\"another\"");
  part_if(206, modified);
  part_if(200, "Sun, 06 Nov 1994 08:49:37 GMT");
  part_if(200, "yesterday");
  expect_status(304, {{"If-None-Match", "\"another\", W/" + etag}});
  expect_status(200, {{"If-None-Match", "\"another\""}});
  std::filesystem::last_write_time(file_, std::filesystem::file_time_type::clock::now());
  part_if(200,
          get("/media?video=clip")->get_header_value("Last-Modified"));  // it may change within the second
  part_if(200, etag);

  httplib::Client client("127.0.0.1", server_->port());
  const httplib::Result head = client.Head("/media?video=clip", {{"Range", "bytes=0-9"}});
  EXPECT_EQ(head->status, 200) << "ranges are defined for GET alone";
  EXPECT_EQ(head->get_header_value("Content-Length"), size);
  EXPECT_EQ(head->get_header_value("Accept-Ranges"), "bytes");
  for (const char* const path : {"/", "/api/info", "/nowhere", "/thumbnail?video=clip&at=1"}) {
    const httplib::Result one = client.Get(path), same = client.Head(path);
    EXPECT_EQ(one->status, same->status) << path;
    EXPECT_EQ(std::to_string(one->body.size()), same->get_header_value("Content-Length")) << path;
    EXPECT_EQ(one->get_header_value("Content-Type"), same->get_header_value("Content-Type")) << path;
    EXPECT_EQ(same->body, "");
  }
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

TEST_F(ServeTest, ANewClientIsAnsweredAtOnceWhereMoreAreIdleThanItKeepsOpen) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 450; ++i) {
    clients.emplace_back(server_->port());
    ASSERT_TRUE(clients.back().connected());
    clients.back().send(i % 2 == 0 ? "GET /api/se" : "");
  }
  const auto begin = Clock::now();
  expect_alive();
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(2));
}

TEST_F(ServeTest, OutlivesGarbage) {
  const std::string line(9000, 'x');
  for (const std::string& bytes :
       {std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), std::string(70'000, '\0'),
        "GET /" + line + " HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + line + "\r\n\r\n",
        std::string("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999\r\n\r\n"),
        std::string(
            "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
        std::string(
            "GET /media?video=clip HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-0,1-1,2-2,-\r\n\r\n")}) {
    const RawClient client(server_->port());
    client.send(bytes);
  }
  expect_alive();
}

TEST_F(ServeTest, SlowAndIdleClientsDoNotKeepOthersWaiting) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(server_->port());
    ASSERT_TRUE(clients.back().connected());
    clients.back().send(i % 2 == 0 ? "GET /api/se" : "");
  }
  const auto begin = Clock::now();
  EXPECT_EQ(json_of("/api/search?q=dog")["results"][0]["video"], "clip");
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(2));
}

TEST_F(ServeTest, AsManyClientsAsItHasThreadsThatSendAByteAtATimeDoNotShutOthersOut) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 256; ++i) clients.emplace_back(server_->port());
  for (const RawClient& client : clients) client.send("GET /api/info HTTP/1.1\r\nHost: localhost\r\nX: ");
  std::atomic<bool> over{false};
  std::thread trickle([&] {
    while (!over) {
      for (const RawClient& client : clients) client.send("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  expect_alive();
  over = true;
  trickle.join();
}

TEST_F(ServeTest, ManyClientsAtOnceGetTheirOwnAnswers) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back([&, i] {
      httplib::Client client("127.0.0.1", server_->port());
      client.set_keep_alive(true);
      for (int k = 0; k < 10; ++k) {
        const std::string word = (i + k) % 2 == 0 ? "dog" : "red";
        const httplib::Result got = client.Get(("/api/search?q=" + word).c_str());
        if (!got || got->status != 200 || json::parse(got->body)["query"] != word) ++wrong;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
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
  const json run = json_of("/api/run");
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

TEST_F(ServeTest, EndsSoonThoughAClientHoldsOn) {
  const RawClient client(server_->port());
  client.send("GET /api/info HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.first_answer(), HasSubstr("200"));
  const auto begin = Clock::now();
  server_.reset();
  service_.reset();
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(8));
}

TEST_F(ServeTest, SaysThatAPortIsTaken) {
  testing::expect_error([&] { WebServer(*service_, run_.run(), "127.0.0.1", server_->port()); },
                        Fault::Unreadable, std::to_string(server_->port()));
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

}  // namespace
}  // namespace tvr

// HTTP: what is a request, ranges, and clients that behave badly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/pipeline/serve/raw_client.h"
#include "tests/pipeline/serve/serve_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::RawClient;
using testing::ServeTest;
using Clock = std::chrono::steady_clock;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
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

TEST_F(ServeTest, AnswersGetAndHeadAndNamesOfThisMachineOnly) {
  httplib::Client client("127.0.0.1", server_->port());
  EXPECT_EQ(client.Post("/api/search", "q=dog", "text/plain")->status, 415);
  EXPECT_EQ(client.Post("/media?video=clip", "q=dog", "image/jpeg")->status, 405);
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

}  // namespace
}  // namespace tvr

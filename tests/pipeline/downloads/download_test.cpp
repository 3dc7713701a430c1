#include "pipeline/downloads/download.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>

#include "data/cache_folder.h"
#include "data/descriptor.h"
#include "data/fingerprint.h"
#include "pipeline/downloads/download_table.h"
#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using ::testing::HasSubstr;
using testing::http_reply;
using ::testing::Not;
using testing::ScriptedReply;
using testing::ScriptedServer;
using testing::TempFolder;
using testing::write_file;

const std::string kContent = [] {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + "\n";
  return text;
}();
const std::string kEtag = "ETag: \"v1\"\r\n";

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// "bytes=100-" is 100; without it 0.
std::size_t asked_from(const std::string& request) {
  const std::size_t at = request.find("Range: bytes=");
  return at == std::string::npos ? 0 : std::stoul(request.substr(at + 13));
}

/// The rest of `content` as a server sends it that knows ranges.
std::string rest(const std::string& content, std::size_t from, const std::string& headers = kEtag) {
  if (from == 0) return http_reply(200, content, headers);
  return http_reply(206, content.substr(from),
                    headers + "Content-Range: bytes " + std::to_string(from) + "-" +
                        std::to_string(content.size() - 1) + "/" + std::to_string(content.size()) + "\r\n");
}

TEST(DownloadTable, IsInTheDocumentationAsItIs) {
  const std::string text = content_of(std::filesystem::path(TVR_SOURCE_DIR) / "docs/DOWNLOADS.md");
  const auto shown = [](std::int64_t bytes) {
    std::string digits = std::to_string(bytes);
    for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
      digits.insert(static_cast<std::size_t>(at), ",");
    return bytes == 0 ? "not known here" : digits;
  };
  for (const Download& download : downloads()) {
    for (const PublishedFile& file : download.files) {
      EXPECT_THAT(text, HasSubstr("| " + download.name + " | `" + file.name + "` | " + shown(file.bytes) +
                                  " | " + (file.sha256.empty() ? "not known here" : "`" + file.sha256 + "`") +
                                  " | " + download.licence + " | <" + file.url + "> |\n"));
    }
  }
}

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() {
    setenv("no_proxy", "127.0.0.1", 1);
    options_.wait_s = 0.01;
    options_.stall_s = 1;
    row_ = {"thing",
            "a thing",
            "free",
            {{"thing.bin", "", static_cast<std::int64_t>(kContent.size()), sha256(kContent)}}};
  }
  [[nodiscard]] PublishedFile& file() { return row_.files.front(); }
  [[nodiscard]] std::filesystem::path target() const { return folder_ / "thing.bin"; }
  [[nodiscard]] std::filesystem::path part() const { return folder_ / ".thing.bin.part"; }
  void get(ScriptedServer& server, const Progress& progress = {}) {
    file().url = server.url() + "/thing.bin";
    get_download(row_, folder_.path(), options_, progress);
  }
  void expect_whole() {
    EXPECT_TRUE(content_of(target()) == kContent);
    EXPECT_FALSE(std::filesystem::exists(part()));
    EXPECT_FALSE(std::filesystem::exists(folder_ / ".thing.bin.etag"));
  }
  void expect_nothing() {
    EXPECT_FALSE(std::filesystem::exists(target()));
    EXPECT_FALSE(std::filesystem::exists(part()));
  }

  TempFolder folder_;
  Download row_;
  DownloadOptions options_;
};

TEST_F(DownloadTest, GetsAFileAndSaysHowFarItIs) {
  ScriptedServer server([](const std::string&, int) { return ScriptedReply{rest(kContent, 0)}; });
  ProgressEvent last;
  get(server, [&](const ProgressEvent& event) {
    last = event;
    return true;
  });
  expect_whole();
  EXPECT_EQ(last.stage, "thing/thing.bin");
  EXPECT_EQ(last.total, static_cast<std::int64_t>(kContent.size()));
  EXPECT_THAT(server.requests().at(0), HasSubstr("GET /thing.bin HTTP/1.1"));
}

TEST_F(DownloadTest, VerifiesAFileThatIsThereWithoutAsking) {
  ScriptedServer server([](const std::string&, int) { return ScriptedReply{}; });
  write_file(target(), kContent);
  get(server);
  EXPECT_TRUE(server.requests().empty());
  write_file(target(), kContent.substr(1) + "x");
  expect_error([&] { get(server); }, Fault::Mismatch, "has the SHA-256");
  write_file(target(), "short");
  expect_error([&] { get(server); }, Fault::Mismatch, "has 5 bytes");
}

TEST_F(DownloadTest, GoesOnWhereTheConnectionBroke) {
  ScriptedServer server([](const std::string& request, int number) {
    const std::string reply = rest(kContent, asked_from(request));
    return ScriptedReply{number < 3 ? reply.substr(0, reply.size() / 2) : reply};
  });
  get(server);
  expect_whole();
  const std::vector<std::string> requests = server.requests();
  ASSERT_EQ(requests.size(), 4);
  EXPECT_THAT(requests[0], Not(HasSubstr("Range")));
  EXPECT_THAT(requests[3], HasSubstr("If-Range: \"v1\""));
  EXPECT_GT(asked_from(requests[3]), asked_from(requests[2]));
}

TEST_F(DownloadTest, BeginsAnewWhereTheServerKnowsNoRanges) {
  ScriptedServer server([](const std::string&, int number) {
    const std::string reply = http_reply(200, kContent);
    return ScriptedReply{number == 0 ? reply.substr(0, reply.size() / 2) : reply};
  });
  get(server);
  expect_whole();
}

TEST_F(DownloadTest, BeginsAnewWhereTheFileHasChanged) {
  const std::string old(kContent.size(), 'x');
  ScriptedServer server([&](const std::string&, int number) {
    if (number == 0) return ScriptedReply{http_reply(200, old, "ETag: \"v0\"\r\n").substr(0, 5000)};
    return ScriptedReply{http_reply(200, kContent, kEtag)};  // If-Range: "v0" does not hold any more
  });
  get(server);
  expect_whole();
  EXPECT_THAT(server.requests().at(1), HasSubstr("If-Range: \"v0\""));
}

TEST_F(DownloadTest, TriesOnceFromTheBeginningWhenPartsDoNotFit) {
  write_file(part(), std::string(1000, 'x'));  // of another version; the server says nothing of versions
  ScriptedServer server(
      [](const std::string& request, int) { return ScriptedReply{rest(kContent, asked_from(request), "")}; });
  get(server);
  expect_whole();
  EXPECT_EQ(server.requests().size(), 2);
}

TEST_F(DownloadTest, GoesOnWithoutAnETagOnlyWhereAHashTells) {
  file().sha256 = "";
  write_file(part(), kContent.substr(0, 1000));
  ScriptedServer server(
      [](const std::string& request, int) { return ScriptedReply{rest(kContent, asked_from(request), "")}; });
  get(server);
  expect_whole();
  EXPECT_THAT(server.requests().at(0), Not(HasSubstr("Range")));
}

TEST_F(DownloadTest, AcceptsAPartThatIsWholeAlready) {
  file().bytes = 0;
  write_file(part(), kContent);
  write_file(folder_ / ".thing.bin.etag", "\"v1\"");
  ScriptedServer server([](const std::string&, int) {
    return ScriptedReply{
        http_reply(416, "", "Content-Range: bytes */" + std::to_string(kContent.size()) + "\r\n")};
  });
  get(server);
  expect_whole();
}

TEST_F(DownloadTest, BeginsAnewWhereThePartIsLongerThanTheFile) {
  file().bytes = 0;
  write_file(part(), kContent + "more");
  ScriptedServer server([](const std::string& request, int) {
    if (asked_from(request) > 0)
      return ScriptedReply{
          http_reply(416, "", "Content-Range: bytes */" + std::to_string(kContent.size()) + "\r\n")};
    return ScriptedReply{rest(kContent, 0)};
  });
  get(server);
  expect_whole();
}

TEST_F(DownloadTest, RefusesAnotherPartThanItAskedFor) {
  write_file(part(), kContent.substr(0, 1000));
  ScriptedServer server([](const std::string&, int) { return ScriptedReply{rest(kContent, 2000)}; });
  expect_error([&] { get(server); }, Fault::Mismatch, "another part of the file");
  EXPECT_FALSE(std::filesystem::exists(target()));
}

TEST_F(DownloadTest, RefusesAFileOfAnotherLengthBeforeItComes) {
  ScriptedServer server(
      [](const std::string&, int) { return ScriptedReply{http_reply(200, "another file")}; });
  expect_error([&] { get(server); }, Fault::Mismatch, "the server has a file of 12 bytes");
  EXPECT_FALSE(std::filesystem::exists(target()));
}

TEST_F(DownloadTest, RefusesMoreThanTheFileHas) {
  ScriptedServer server([](const std::string&, int) {  // no length: until the connection ends
    return ScriptedReply{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + kContent + "more"};
  });
  expect_error([&] { get(server); }, Fault::Mismatch, "more than");
  expect_nothing();
}

TEST_F(DownloadTest, RefusesAFileOfAnotherContent) {
  ScriptedServer server([](const std::string&, int) {
    return ScriptedReply{http_reply(200, std::string(kContent.size(), 'x'))};
  });
  expect_error([&] { get(server); }, Fault::Mismatch, "has the SHA-256");
  expect_nothing();
}

TEST_F(DownloadTest, ComparesAsMuchOfAHashAsIsPublished) {
  ScriptedServer server([](const std::string&, int) { return ScriptedReply{rest(kContent, 0)}; });
  file().sha256 = sha256(kContent).substr(0, 8);
  get(server);
  expect_whole();
  std::filesystem::remove(target());
  file().sha256 = "00000000";
  expect_error([&] { get(server); }, Fault::Mismatch, "wanted 00000000");
}

TEST_F(DownloadTest, RefusesAWebPageInPlaceOfAFile) {
  file() = {"thing.bin", "", 0, ""};
  ScriptedServer server([](const std::string&, int) {
    return ScriptedReply{
        http_reply(200, "<html>Please log in", "Content-Type: text/html; charset=utf-8\r\n")};
  });
  expect_error([&] { get(server); }, Fault::Mismatch, "a web page came");
  EXPECT_FALSE(std::filesystem::exists(target()));
}

TEST_F(DownloadTest, GivesUpAServerThatStalls) {
  ScriptedServer server([](const std::string&, int) {
    return ScriptedReply{
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kContent.size()) + "\r\n\r\nabc", true};
  });
  options_.tries = 1;
  expect_error([&] { get(server); }, Fault::Unreadable, "3 bytes are there, and kept");
}

TEST_F(DownloadTest, GivesUpAServerThatPromisesMoreThanItSends) {
  options_.tries = 3;
  file().bytes = 0;
  ScriptedServer server([](const std::string&, int) {
    return ScriptedReply{"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\nabc"};
  });
  expect_error([&] { get(server); }, Fault::Unreadable, "");
  EXPECT_EQ(server.requests().size(), 3);
}

TEST_F(DownloadTest, TriesAgainWhereAServerIsBusyAndNotWhereTheFileIsMissing) {
  ScriptedServer busy([](const std::string&, int number) {
    return ScriptedReply{number < 2 ? http_reply(503, "later") : rest(kContent, 0)};
  });
  get(busy);
  expect_whole();
  std::filesystem::remove(target());
  ScriptedServer missing([](const std::string&, int) { return ScriptedReply{http_reply(404, "no")}; });
  expect_error([&] { get(missing); }, Fault::NotFound, "status 404");
  EXPECT_EQ(missing.requests().size(), 1);
  ScriptedServer nonsense([](const std::string&, int) { return ScriptedReply{"\x01\x02\r\n\r\n"}; });
  options_.tries = 2;
  expect_error([&] { get(nonsense); }, Fault::Unreadable, "");
}

TEST_F(DownloadTest, FollowsRedirectionsButNotForEver) {
  ScriptedServer server([](const std::string& request, int) {
    if (request.find("GET /elsewhere ") == 0) return ScriptedReply{rest(kContent, 0)};
    return ScriptedReply{http_reply(302, "moved", "Location: /elsewhere\r\nETag: \"not this one\"\r\n")};
  });
  get(server);
  expect_whole();
  std::filesystem::remove(target());
  ScriptedServer round(
      [](const std::string&, int) { return ScriptedReply{http_reply(302, "", "Location: /again\r\n")}; });
  expect_error([&] { get(round); }, Fault::Unreadable, "redirect");
  ScriptedServer to_a_file([](const std::string&, int) {
    return ScriptedReply{http_reply(302, "", "Location: file:///etc/passwd\r\n")};
  });
  options_.tries = 1;
  expect_error([&] { get(to_a_file); }, Fault::Unreadable, "");
  EXPECT_FALSE(std::filesystem::exists(target()));
}

TEST_F(DownloadTest, StopsOnRequestAndGoesOnLater) {
  ScriptedServer server([](const std::string& request, int number) {
    const std::string reply = rest(kContent, asked_from(request));
    if (number == 0) return ScriptedReply{reply.substr(0, 20'000), true};
    return ScriptedReply{reply};
  });
  expect_error([&] { get(server, [](const ProgressEvent& event) { return event.done == 0; }); },
               Fault::Interrupted, "stopped on request");
  EXPECT_GT(std::filesystem::file_size(part()), 1000);
  get(server);
  expect_whole();
  EXPECT_GT(asked_from(server.requests().at(1)), 1000);
}

TEST_F(DownloadTest, NeedsRoomBeforeItBegins) {
  ScriptedServer server([](const std::string&, int) { return ScriptedReply{}; });
  file().bytes = std::int64_t{1} << 60;
  expect_error([&] { get(server); }, Fault::Unreadable, "no room on the disk");
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(DownloadTest, SaysThatItCannotWriteAndKeepsWhatItHas) {
  ScriptedServer server([](const std::string&, int) { return ScriptedReply{rest(kContent, 0)}; });
  const testing::ChildReport child = testing::in_child([&]() -> std::string {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      get(server);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing happened";
  });
  EXPECT_THAT(child.text, HasSubstr("cannot be written"));
  EXPECT_FALSE(std::filesystem::exists(target()));
  EXPECT_EQ(std::filesystem::file_size(part()), 4096);
}

TEST_F(DownloadTest, LeavesAFileToTheProcessThatIsAtIt) {
  ScriptedServer server([](const std::string&, int) { return ScriptedReply{}; });
  const Descriptor other(open(part().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(flock(other.get(), LOCK_EX), 0);
  expect_error([&] { get(server); }, Fault::Busy, "another process is getting this file");
}

TEST_F(DownloadTest, FollowsNoLinkInPlaceOfThePart) {
  ScriptedServer server([](const std::string&, int) { return ScriptedReply{rest(kContent, 0)}; });
  write_file(folder_ / "mine", "mine");
  std::filesystem::create_symlink(folder_ / "mine", part());
  expect_error([&] { get(server); }, Fault::Unreadable, "cannot be made");
  EXPECT_EQ(content_of(folder_ / "mine"), "mine");
}

TEST_F(DownloadTest, SaysWhatToFetchByHandWithoutANetwork) {
  row_.files.push_back({"words.txt", "http://127.0.0.1:1/words.txt", 0, ""});
  file().url = "http://127.0.0.1:1/thing.bin";  // nobody listens there
  expect_error([&] { get_download(row_, folder_.path(), options_, {}); }, Fault::Unreadable,
               "http://127.0.0.1:1/thing.bin");
  const std::string text = by_hand(row_, folder_.path(), options_);
  EXPECT_THAT(text, HasSubstr(file().url));
  EXPECT_THAT(text, HasSubstr(std::to_string(kContent.size()) + " bytes, SHA-256 " + sha256(kContent)));
  EXPECT_THAT(text, HasSubstr("as " + target().string()));
  EXPECT_THAT(text, HasSubstr("size not known here, not verified here"));
}

TEST_F(DownloadTest, TakesAMirrorInPlaceOfTheOrigin) {
  file().url = "https://huggingface.co/a/b/resolve/main/thing.bin";
  EXPECT_EQ(url_of(row_, file(), options_), file().url);
  options_.hf_endpoint = "https://mirror.example/";
  EXPECT_EQ(url_of(row_, file(), options_), "https://mirror.example/a/b/resolve/main/thing.bin");
  file().url = "https://huggingface.company/thing.bin";
  EXPECT_EQ(url_of(row_, file(), options_), file().url);
  options_.mirror = "http://10.0.0.1:8000/models/";
  EXPECT_EQ(url_of(row_, file(), options_), "http://10.0.0.1:8000/models/thing/thing.bin");
}

class CacheTest : public DownloadTest {
 protected:
  CacheTest() { setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1); }
  ~CacheTest() override { unsetenv("XDG_CACHE_HOME"); }
};

TEST_F(CacheTest, HoldsAFileOrAFolderByName) {
  EXPECT_EQ(cache_folder(), folder_ / "pipeline");
  EXPECT_EQ(find_download("no such thing"), std::nullopt);
  expect_error([] { (void)find_download("resnet152"); }, Fault::NotFound, "Run `pipeline get resnet152`");
  const auto weights = folder_ / "pipeline/resnet152/resnet152-b121ed2d.pth";
  write_file(weights, "weights");
  EXPECT_EQ(find_download("resnet152"), weights);
  for (const PublishedFile& each : download_named("clip-vit-l-14")->files)
    write_file(folder_ / ("pipeline/clip-vit-l-14/" + each.name), "x");
  EXPECT_EQ(find_download("clip-vit-l-14"), folder_ / "pipeline/clip-vit-l-14");
}

TEST_F(CacheTest, IgnoresAPathThatIsNotAbsolute) {
  setenv("XDG_CACHE_HOME", "relative", 1);
  setenv("HOME", "/home/someone", 1);
  EXPECT_EQ(cache_folder(), "/home/someone/.cache/pipeline");
}

TEST(DownloadTable, HasNamesAddressesAndHashesOfTheRightForm) {
  const auto consists_of = [](const std::string& text, const char* letters) {
    return !text.empty() && text.find_first_not_of(letters) == std::string::npos;
  };
  std::set<std::string> names;
  for (const Download& row : downloads()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(consists_of(row.name, "abcdefghijklmnopqrstuvwxyz0123456789-")) << row.name;
    EXPECT_FALSE(row.licence.empty()) << row.name;
    EXPECT_FALSE(row.files.empty()) << row.name;
    for (const PublishedFile& file : row.files) {
      EXPECT_EQ(file.url.rfind("https://", 0), 0) << file.url;
      EXPECT_EQ(file.url.substr(file.url.rfind('/') + 1), file.name);
      EXPECT_EQ(file.name.find('/'), std::string::npos);
      EXPECT_NE(file.name.front(), '.');
      EXPECT_TRUE(file.sha256.empty() || consists_of(file.sha256, "0123456789abcdef")) << file.name;
      EXPECT_TRUE(file.sha256.size() == 64 || file.sha256.size() == 8 || file.sha256.empty()) << file.name;
    }
  }
  EXPECT_EQ(download_named("CLIP"), nullptr);
  EXPECT_EQ(bytes_of(*download_named("resnet152")), 241'530'880);
  EXPECT_EQ(bytes_of(*download_named("s3d")), 0);
}

}  // namespace
}  // namespace tvr

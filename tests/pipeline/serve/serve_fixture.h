#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include <cctype>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/search/search_service.h"
#include "pipeline/serve/web_server.h"
#include "tests/support/planted_run.h"
#include "tests/support/run_searcher.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr::testing {

/// A server over three videos: "clip" (a real file of 40 s that shows a dog at its end), "kitchen/gone" (its
/// file is not there), and "passwords" (whose file is none of a video).
class ServeTest : public ::testing::Test {
 protected:
  static constexpr int kRed = 0, kDog = 2, kNothing = -1;
  static constexpr double kFps = 5;

  ServeTest() {
    write_video(file_, {"libx264", 64, 48, at_rate(kFps, 200)});
    std::vector<int> shown(40, kNothing);
    shown[35] = shown[36] = kDog;
    run_.add_video("clip", shown, file_);
    run_.add_video("kitchen/gone", {kRed, kRed}, folder_ / "gone.mp4");
    run_.add_video("passwords", {kDog, kRed}, "/etc/passwd");
    service_ =
        std::make_unique<SearchService>(std::unique_ptr<Searcher>(new Searcher(searcher_of(run_.run()))));
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
  [[nodiscard]] nlohmann::json json_of(const std::string& path) const {
    const httplib::Result result = get(path);
    if (!result || result->status != 200) throw std::runtime_error(path + " failed");
    return nlohmann::json::parse(result->body);
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

}  // namespace tvr::testing

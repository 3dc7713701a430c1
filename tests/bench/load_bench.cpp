// Many clients at once against `pipeline serve`: every one keeps a connection and asks for sentences, facts
// and thumbnails in turn.
//   tvr_load_bench                                    brief, against a small server of its own
//   tvr_load_bench PORT [clients 200] [seconds 30]    against a running one on 127.0.0.1
#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/search/search_service.h"
#include "pipeline/serve/web_server.h"
#include "tests/support/planted_run.h"
#include "tests/support/run_searcher.h"
#include "tests/support/temp_folder.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Load {
  int port = 0;
  int clients = 20;
  double seconds = 1;
};

struct Tally {
  std::mutex mutex;
  std::vector<double> search_ms;
  std::map<std::string, int> requests, errors;
};

const std::vector<std::string> kSentences = {
    "a dog runs",   "a red circle moves left", "the cat sleeps at night",
    "green square", "two people are talking",  "rain"};

/// One client until the time is up; what failed is counted by kind and status.
void ask_for(const Load& load, int number, Clock::time_point end, Tally& tally) {
  httplib::Client client("127.0.0.1", load.port);
  client.set_keep_alive(true);
  client.set_read_timeout(20);
  client.set_connection_timeout(20);
  std::vector<double> times_ms;
  std::map<std::string, int> requests, errors;
  std::string video;
  const auto get = [&](const std::string& kind, const std::string& path) {
    const auto begin = Clock::now();
    httplib::Result result = client.Get(path.c_str());
    if (kind == "search")
      times_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    ++requests[kind];
    if (!result || result->status != 200)
      ++errors[kind + " " + (result ? std::to_string(result->status) : httplib::to_string(result.error()))];
    return result;
  };
  for (int i = number; Clock::now() < end; ++i) {
    const std::string& sentence = kSentences[static_cast<std::size_t>(i) % kSentences.size()];
    const httplib::Result found =
        get("search", "/api/search?top=12&q=" + httplib::detail::encode_query_param(sentence));
    if (!found || found->status != 200) continue;
    const auto answer = nlohmann::json::parse(found->body, nullptr, false);
    if (!answer.is_object()) ++errors["no JSON"];
    if (answer.is_object() && !answer["results"].empty())
      video = answer["results"][static_cast<std::size_t>(i) % answer["results"].size()]["video"];
    if (i % 4 == 0 && load.clients > 20) {
      get("thumbnail", "/thumbnail?at=1&video=" + httplib::detail::encode_query_param(video));
    }
    if (i % 8 == 0) get("page", "/");
  }
  const std::lock_guard lock(tally.mutex);
  tally.search_ms.insert(tally.search_ms.end(), times_ms.begin(), times_ms.end());
  for (const auto& [kind, count] : requests) tally.requests[kind] += count;
  for (const auto& [kind, count] : errors) tally.errors[kind] += count;
}

int run(const Load& load) {
  Tally tally;
  const auto begin = Clock::now();
  const auto end =
      begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(load.seconds));
  std::vector<std::thread> clients;
  for (int i = 0; i < load.clients; ++i) clients.emplace_back([&, i] { ask_for(load, i, end, tally); });
  for (std::thread& client : clients) client.join();
  const double took_s = std::chrono::duration<double>(Clock::now() - begin).count();
  std::sort(tally.search_ms.begin(), tally.search_ms.end());
  const auto at = [&](double share) {
    return tally.search_ms[static_cast<std::size_t>(share * static_cast<double>(tally.search_ms.size() - 1))];
  };
  int all = 0, failed = 0;
  for (const auto& [kind, count] : tally.requests) {
    fmt::print("{} {}\n", count, kind);
    all += count;
  }
  for (const auto& [kind, count] : tally.errors) {
    fmt::print("ERROR {} times: {}\n", count, kind);
    failed += count;
  }
  fmt::print(
      "{} clients, {:.1f} s: {} requests, {:.0f} a second, {} errors; a search: median {:.0f} ms, p99 {:.0f} "
      "ms\n",
      load.clients, took_s, all, all / took_s, failed, at(0.5), at(0.99));
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  if (argc > 1) {
    load.port = std::stoi(argv[1]);
    load.clients = argc > 2 ? std::stoi(argv[2]) : 200;
    load.seconds = argc > 3 ? std::stod(argv[3]) : 30;
    return run(load);
  }
  const tvr::testing::TempFolder folder;
  const tvr::testing::PlantedRun planted(folder.path());
  for (int v = 0; v < 100; ++v) planted.add_video(fmt::format("video{}", v), {v % 8, (v + 1) % 8});
  tvr::SearchService service(
      std::unique_ptr<tvr::Searcher>(new tvr::Searcher(tvr::testing::searcher_of(planted.run()))));
  const tvr::WebServer server(service, planted.run(), "127.0.0.1", 0);
  load.port = server.port();
  return run(load);
}

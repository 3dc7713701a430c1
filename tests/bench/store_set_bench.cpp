// A set of stores, read as one:
//   store_set_bench [STORES [VIDEOS [FOLDER]]]     100 stores with 1,000,000 videos together, in two lanes; a
//   folder that is named is kept and used again
// The stores are filled by SQL with rows that no extraction made: what is measured is the handling of many.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>

#include "data/store/feature_store.h"
#include "data/store/sqlite.h"
#include "data/store/store_inspector.h"
#include "data/store/store_schema.h"
#include "tests/support/temp_folder.h"

namespace tvr::testing {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// The median of `rounds`, by the clock and by this process's CPU time.
void measure(const std::string& what, const std::function<std::string()>& work, int rounds = 3) {
  std::vector<double> wall, cpu;
  std::string result;
  for (int round = 0; round < rounds; ++round) {
    const auto start = Clock::now();
    const std::clock_t begin = std::clock();
    result = work();
    wall.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    cpu.push_back(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  std::sort(wall.begin(), wall.end());
  std::sort(cpu.begin(), cpu.end());
  fmt::print("{:<40} {:8.3f} s, {:8.3f} s CPU  {}\n", what, wall[wall.size() / 2], cpu[cpu.size() / 2],
             result);
}

void fill(const fs::path& path, int first, int videos) {
  {
    FeatureStore store(path, FeatureStore::Access::ReadWrite);
    VideoOutcome one;  // writes the recipes
    one.source = {fmt::format("first{}", first), "/v"};
    for (const char* const lane : {"2d", "3d"})
      one.lanes.push_back({store.add_recipe({lane, "{}", "w"}), {}});
    one.fingerprint = {1, 1, sha256("x")};
    store.write(one);
  }
  Database database(path, Database::Open::ReadWrite);
  database.run("PRAGMA synchronous = OFF");
  Transaction transaction(database);
  const std::string numbers = fmt::format(
      "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {}) ", videos);
  database.run(fmt::format("{}INSERT INTO video (name, path, bytes, mtime_ns, content) SELECT "
                           "printf('%011d', i + {}), printf('/data/videos/%011d.mp4', i + {}), 1, 1, "
                           "lower(hex(randomblob(32))) FROM n",
                           numbers, first, first)
                   .c_str());
  database.run(
      "INSERT INTO outcome SELECT v.id, r.id, v.content, 'ok', '', 375, 375, 15, 0.5, 0, "
      "'2026-01-31T23:59:59Z' FROM video v, recipe r WHERE v.name NOT LIKE 'first%'");
  database.run(
      "INSERT INTO feature (video, recipe, row_count, dim, hash, times, halves) SELECT v.id, r.id, 1, 8, "
      "lower(hex(randomblob(32))), zeroblob(16), zeroblob(16) FROM video v, recipe r "
      "WHERE v.name NOT LIKE 'first%'");
  transaction.commit();
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

double resident_mb() {
  std::int64_t pages = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<double>(pages) * 4096 / 1e6;
}

void run(const fs::path& folder, int stores, int videos) {
  ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
  if (!fs::exists(folder / "parts")) {
    fs::create_directory(folder / "parts");
    for (int part = 0; part < stores; ++part)
      fill(folder / fmt::format("parts/{}.db", part), part * (videos / stores), videos / stores);
  }
  const fs::path set = folder / "parts/*.db";
  const auto open = [&] {
    const double before = resident_mb();
    const FeatureStore store(set);
    return fmt::format("{} recipes, {:.0f} MB", store.recipes().size(), resident_mb() - before);
  };
  measure("opened for the first time", [&] {
    fs::remove_all(folder / "cache");
    return open();
  });
  measure("opened again", open);
  const FeatureStore store(set);
  measure("10,000 videos read in turns", [&] {
    std::size_t read = 0;
    for (int i = 0; i < 10'000; ++i) {
      const std::string id = fmt::format("{:011}", static_cast<std::int64_t>(i) * 7919 % videos);
      read += store.has_features(id, 1) ? 1U : 0U;
    }
    return fmt::format("{} have features", read);
  });
  measure(
      "featured videos of a lane", [&] { return fmt::format("{}", store.featured_videos(1).size()); }, 1);
  measure("sums", [&] { return fmt::format("{}", StoreInspector(set).sums({}).size()); });
  measure(
      "content digest", [&] { return store.content_digest().substr(0, 12); }, 1);
  measure("the program: store stats", [&] {
    const std::string command = fmt::format("{} store stats '{}' > /dev/null", TVR_PIPELINE, set.string());
    return std::string(std::system(command.c_str()) == 0 ? "from start to end" : "FAILED");
  });
}

}  // namespace
}  // namespace tvr::testing

int main(int argc, char** argv) {
  const int stores = argc > 1 ? std::atoi(argv[1]) : 100, videos = argc > 2 ? std::atoi(argv[2]) : 1'000'000;
  const tvr::testing::TempFolder temporary;
  tvr::testing::run(argc > 3 ? argv[3] : temporary.path(), stores, videos);
}

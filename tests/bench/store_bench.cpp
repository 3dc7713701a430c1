// The store at scale, in a folder of its own:
//   store_bench [VIDEOS [FOLDER]]     2000 videos in a temporary folder; a folder that is named is kept and
//   used again
// Videos are empty files, rows are small: what is measured is the handling of many, not the size of each.
// Then rows of MSR-VTT's size are written, against a bare loop of SQLite's that inserts the same bytes.

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>

#include "data/store/store_inspector.h"
#include "data/store/store_merge.h"
#include "pipeline/extraction/extract_step.h"
#include "pipeline/terminal/console.h"
#include "tests/support/temp_folder.h"

namespace tvr::testing {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double cpu_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// The best of `rounds`, by the clock and, where others use the machine too, by this process's CPU time.
void measure(const std::string& what, const std::function<std::string()>& work, int rounds = 3) {
  double best = 1e9, best_cpu = 1e9;
  std::string result;
  for (int round = 0; round < rounds; ++round) {
    const double cpu = cpu_s();
    best = std::min(best, seconds_of([&] { result = work(); }));
    best_cpu = std::min(best_cpu, cpu_s() - cpu);
  }
  fmt::print("{:<40} {:8.3f} s, {:8.3f} s CPU  {}\n", what, best, best_cpu, result);
}

ExtractOptions options_for(const fs::path& videos) {
  ExtractOptions options;
  options.videos.folder = videos;
  options.features.networks["2d"].model = "demo2d";
  options.features.networks["3d"].model = "demo3d";
  options.features.random_weights = true;
  return options;
}

HalfSequence rows(std::size_t count, std::int64_t dim, std::size_t seed) {
  HalfSequence features;
  features.dim = dim;
  std::vector<float> values(static_cast<std::size_t>(dim));
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>((seed * 31 + row * 7 + i * 13) % 101) / 101;
    features.set(row, values.data(), {Micros(1'000'000 * row), Micros(1'000'000 * (row + 1))});
  }
  return features;
}

/// Every hundredth video is partial, every thousandth has no picture.
VideoOutcome outcome_of(std::size_t i, const std::vector<std::int64_t>& recipes, const fs::path& videos) {
  VideoOutcome outcome;
  outcome.source.id = fmt::format("{:03}/video{:07}", i % 1000, i);
  outcome.source.path = videos / (outcome.source.id + ".mp4");
  outcome.status = i % 1000 == 999 ? Status::NoVideo : i % 100 == 99 ? Status::Partial : Status::Ok;
  if (outcome.status != Status::Ok) outcome.message = "Invalid data found when processing input";
  outcome.decoded_frames = outcome.expected_frames = 375;
  outcome.duration_s = 15, outcome.seconds = 0.5;
  for (const std::int64_t recipe : recipes)
    outcome.lanes.push_back({recipe, outcome.status == Status::NoVideo ? HalfSequence{} : rows(3, 8, i)});
  return outcome;
}

void fill(const fs::path& folder, std::size_t videos) {
  FeatureStore store(folder / "s.db", FeatureStore::Access::ReadWrite);
  std::vector<std::int64_t> recipes;
  for (const PlannedLane& lane : plan_extraction(options_for({})).lanes)
    recipes.push_back(store.add_recipe(lane.recipe));
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < videos; ++i) {
      VideoOutcome outcome = outcome_of(i, recipes, folder / "videos");
      fs::create_directories(outcome.source.path.parent_path());
      std::ofstream(outcome.source.path).flush();
      outcome.fingerprint = fingerprint_source(outcome.source.path);
      store.write(outcome);
    }
    store.checkpoint();
  });
  fmt::print("filled with {} videos in two lanes, {:.0f} a second\n", videos,
             static_cast<double>(videos) / seconds);
}

void measure_freshness(const fs::path& folder) {
  const ExtractOptions options = options_for(folder / "videos");
  std::vector<VideoSource> videos;
  measure("find the videos in their folders", [&] {
    videos = videos_of(options.videos);
    return fmt::format("{} videos", videos.size());
  });
  FeatureStore store(folder / "s.db", FeatureStore::Access::ReadWrite);
  const ExtractionPlan plan = plan_extraction(options);
  measure("freshness check of all of them",
          [&] { return fmt::format("{} fresh", extract_into_store(store, videos, plan).fresh); });
}

void measure_looks(const fs::path& path) {
  const auto list = [&](const char* what, const OutcomeFilter& filter, std::int64_t limit) {
    measure(what,
            [&] { return fmt::format("{} rows", StoreInspector(path).outcomes(filter, limit).size()); });
  };
  const auto of = [](std::string lane, std::string status, std::string video) {
    OutcomeFilter filter;
    filter.lane = std::move(lane);
    filter.status = std::move(status);
    filter.video = std::move(video);
    return filter;
  };
  OutcomeFilter failures;
  failures.failed = true;
  list("ls --status no_video", of("", "no_video", ""), 0);
  list("ls --lane 3d --status partial", of("3d", "partial", ""), 0);
  list("ls --video '012/*'", of("", "", "012/*"), 0);
  list("ls --video '*77'", of("", "", "*77"), 0);
  list("ls --status ok --limit 20", of("", "ok", ""), 20);
  list("failures", failures, 0);
  measure("the program: store ls --status no_video", [&] {
    const std::string command =
        fmt::format("{} store ls --status no_video '{}' > /dev/null", TVR_PIPELINE, path.string());
    return std::string(std::system(command.c_str()) == 0 ? "from start to end" : "FAILED");
  });
  measure("stats without digest",
          [&] { return fmt::format("{} sums", StoreInspector(path).sums({}).size()); });
  measure("content digest", [&] { return FeatureStore(path).content_digest().substr(0, 12); });
  measure("recipes", [&] { return fmt::format("{}", FeatureStore(path).recipes().size()); });
}

void measure_merge(const fs::path& folder) {
  const fs::path into = folder / "merged.db";
  const auto merge = [&](const char* what) {
    measure(
        what, [&] { return fmt::format("{} taken", merge_store(into, folder / "s.db").taken); }, 1);
  };
  merge("merge into an empty store");
  merge("merge again, nothing is new");
  const bool equal = FeatureStore(into).content_digest() == FeatureStore(folder / "s.db").content_digest();
  fmt::print("the digests are {}\n", equal ? "equal" : "DIFFERENT");
  for (const char* end : {"", ".lock"}) fs::remove(into.string() + end);
}

/// The same bytes, a transaction a video, as durable: what SQLite itself takes.
double bare_loop(const fs::path& path, const std::vector<VideoOutcome>& outcomes) {
  sqlite3* db = nullptr;
  sqlite3_stmt* put = nullptr;
  sqlite3_open(path.c_str(), &db);
  const auto run = [&](const char* sql) { sqlite3_exec(db, sql, nullptr, nullptr, nullptr); };
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE f (v TEXT, l INT, b BLOB)");
  sqlite3_prepare_v2(db, "INSERT INTO f VALUES (?, ?, ?)", -1, &put, nullptr);
  const double seconds = seconds_of([&] {
    for (const VideoOutcome& outcome : outcomes) {
      run("BEGIN IMMEDIATE");
      for (const VideoOutcome::Lane& lane : outcome.lanes) {
        sqlite3_bind_text(put, 1, outcome.source.id.c_str(), -1, SQLITE_STATIC);
        sqlite3_bind_int64(put, 2, lane.recipe);
        sqlite3_bind_blob64(put, 3, lane.features.halves.data(), 2 * lane.features.halves.size(),
                            SQLITE_STATIC);
        sqlite3_step(put);
        sqlite3_reset(put);
      }
      run("COMMIT");
    }
  });
  sqlite3_finalize(put);
  sqlite3_close(db);
  return seconds;
}

void measure_writing(std::size_t videos) {
  const TempFolder folder;  // on the disk, where a sync takes what it takes
  double ours = 1e9, bare = 1e9;
  for (int round = 0; round < 3; ++round) {
    const fs::path path = folder / ("s" + std::to_string(round) + ".db");
    FeatureStore store(path, FeatureStore::Access::ReadWrite);
    const std::int64_t two = store.add_recipe({"2d", "{}", "w"}), three = store.add_recipe({"3d", "{}", "w"});
    std::vector<VideoOutcome> outcomes;  // 15 s of video: 15 rows of 2d, 23 of 3d
    for (std::size_t i = 0; i < videos; ++i) {
      outcomes.push_back(outcome_of(1000 * i, {}, "/v"));
      outcomes.back().fingerprint = {1, 1, sha256(outcomes.back().source.id)};
      outcomes.back().lanes = {{two, rows(15, 2048, i)}, {three, rows(23, 2048, i)}};
    }
    bare = std::min(bare, bare_loop(folder / ("b" + std::to_string(round) + ".db"), outcomes));
    ours = std::min(ours, seconds_of([&] {
                      for (const VideoOutcome& outcome : outcomes) store.write(outcome);
                    }));
  }
  const auto count = static_cast<double>(videos);
  fmt::print(
      "MSR-VTT's videos (15 x 2048 and 23 x 2048): {:.0f} a second, a bare loop {:.0f}: {:.0f} % of it\n",
      count / ours, count / bare, 100 * bare / ours);
}

int main_of(int argc, char** argv) {
  const TempFolder temporary;
  const std::size_t videos = argc > 1 ? static_cast<std::size_t>(std::atoll(argv[1])) : 2000;
  const fs::path folder = argc > 2 ? fs::path(argv[2]) : temporary.path();
  set_quiet(true);
  if (!fs::exists(folder / "s.db")) {
    fs::create_directories(folder);
    fill(folder, videos);
  }
  measure_freshness(folder);
  measure_looks(folder / "s.db");
  measure_merge(folder);
  measure_writing(std::min<std::size_t>(videos, 300));
  return 0;
}

}  // namespace
}  // namespace tvr::testing

int main(int argc, char** argv) { return tvr::testing::main_of(argc, argv); }

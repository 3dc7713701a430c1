// How long a sentence takes: a Searcher over a generated run and store.
//   tvr_search_bench [clips 500] [D 256] [queries 50]
// README's figure: tvr_search_bench 10000 4096 300
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "data/store/feature_store.h"
#include "data/tensors/pth.h"
#include "model/parameters.h"
#include "tests/support/run_searcher.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace {

using Clock = std::chrono::steady_clock;
using tvr::FeatureStore;

constexpr std::int64_t kWordDim = 300, kLaneDim = 2048;
constexpr int kWords = 1000, kRows = 2;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void write_run(const std::filesystem::path& folder, std::int64_t embd_dim) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::string vectors;
  for (int w = 0; w < kWords; ++w) {
    vectors += fmt::format("word{}", w);
    for (std::int64_t k = 0; k < kWordDim; ++k) vectors += fmt::format(" {:.4f}", normal(random));
    vectors += '\n';
  }
  tvr::testing::write_file(folder / "words.txt", vectors);
  tvr::EmbeddingShape shape;
  shape.word_dim = kWordDim;
  shape.video_dim = 2 * kLaneDim;
  shape.embd_dim = embd_dim;
  tvr::write_pth(folder / "checkpoint.pth", tvr::state_of(tvr::initial_parameters(shape, 1)));
  tvr::RunManifest run;
  run.lanes = {{"2d", "{}", "random:seed=1"}, {"3d", "{}", "random:seed=1"}};
  run.store = folder / "features.db";
  run.networks = {{folder / "checkpoint.pth", {}}};
  run.word_vectors = folder / "words.txt";
  run.data.dataset.format = "captions";
  tvr::write_manifest(folder, run);
}

void write_store(const std::filesystem::path& path, int clips) {
  FeatureStore store(path, FeatureStore::Access::ReadWrite);
  const std::vector<std::int64_t> recipes = {store.add_recipe({"2d", "{}", "random:seed=1"}),
                                             store.add_recipe({"3d", "{}", "random:seed=1"})};
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform(0, 0.05F);
  std::vector<float> row(kLaneDim);
  for (int v = 0; v < clips; ++v) {
    tvr::VideoOutcome outcome;
    outcome.source = {fmt::format("video{}", v), "/none.mp4"};
    outcome.fingerprint = {1, 1, tvr::sha256(outcome.source.id)};
    for (const std::int64_t recipe : recipes) {
      tvr::VideoOutcome::Lane lane{recipe, {}};
      lane.features.dim = kLaneDim;
      for (std::size_t r = 0; r < kRows; ++r) {
        std::generate(row.begin(), row.end(), [&] { return uniform(random); });
        lane.features.set(r, row.data(), {std::chrono::seconds(r), std::chrono::seconds(r + 1)});
      }
      outcome.lanes.push_back(std::move(lane));
    }
    store.write(outcome);
  }
  store.checkpoint();
}

void measure(tvr::Searcher& searcher, int queries, std::size_t together) {
  std::mt19937 random(3);
  std::vector<double> times_ms;
  for (int i = 0; i < queries; ++i) {
    std::vector<tvr::SearchQuery> batch(together);
    for (tvr::SearchQuery& query : batch) {
      for (int w = 0; w < 8; ++w) query.sentence += fmt::format("word{} ", random() % kWords);
    }
    const auto begin = Clock::now();
    (void)searcher.answer(batch);
    times_ms.push_back(ms_since(begin));
  }
  std::sort(times_ms.begin(), times_ms.end());
  const auto at = [&](double share) {
    return times_ms[static_cast<std::size_t>(share * static_cast<double>(times_ms.size() - 1))];
  };
  fmt::print("{} sentences at once: median {:.1f} ms, p99 {:.1f} ms, largest {:.1f} ms ({} times)\n",
             together, at(0.5), at(0.99), times_ms.back(), times_ms.size());
}

}  // namespace

int main(int argc, char** argv) {
  const int clips = argc > 1 ? std::stoi(argv[1]) : 500;
  const int embd_dim = argc > 2 ? std::stoi(argv[2]) : 256;
  const int queries = argc > 3 ? std::stoi(argv[3]) : 50;
  const tvr::testing::TempFolder folder;
  write_run(folder.path(), embd_dim);
  write_store(folder / "features.db", clips);
  fmt::print("{} clips, D {}\n", clips, embd_dim);
  for (const char* start : {"first start, embeds all", "later start"}) {
    const auto begin = Clock::now();
    tvr::Searcher searcher = tvr::testing::searcher_of(folder.path());
    fmt::print("{}: {:.0f} ms\n", start, ms_since(begin));
    if (searcher.index()->newly_embedded() > 0) continue;
    (void)searcher.answer({{"word1", 10, "", 0, 0}});  // the first touches all pages
    for (const std::size_t together : {1U, 8U, 32U}) measure(searcher, queries, together);
  }
}

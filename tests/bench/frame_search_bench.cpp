// How long a sentence takes over the frames of a pretrained pair's index: a Searcher over a generated store
// of 512 columns, a window of a second every half second.
//   tvr_frame_search_bench [videos 20] [seconds 50] [queries 20]
// docs/MEASURED.md: tvr_frame_search_bench 1000 500 200 (a million windows); 10000 1 200 (10,000 clips)
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "data/store/feature_store.h"
#include "model/parallel.h"
#include "model/random.h"
#include "pipeline/search/searcher.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kDim = 512;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// Memory in use, in MB.
double resident_mb() {
  std::ifstream status("/proc/self/statm");
  double pages = 0;
  status >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

/// As open_pretrained() gives it, without its text tower: sentences are numbers.
class NumberedPair final : public EncoderPair {
 public:
  [[nodiscard]] std::int64_t dim() const noexcept override { return kDim; }
  void prepare() override {}
  [[nodiscard]] EncodedText embed_text(const std::vector<std::string>& sentences) override {
    EncodedText text;
    text.rows = Matrix(static_cast<std::int64_t>(sentences.size()), kDim);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const CounterRandom random(std::stoull(sentences[i]), RandomUse::Weights);
      float* const row = text.rows.row(static_cast<std::int64_t>(i));
      for (std::uint64_t d = 0; d < kDim; ++d) row[d] = random.uniform(d) - 0.5F;
      l2_normalize(row, kDim);
    }
    text.unknown.resize(sentences.size());
    text.guessed.resize(sentences.size());
    text.understood.assign(sentences.size(), true);
    text.familiar.assign(sentences.size(), true);
    return text;
  }
  [[nodiscard]] Matrix embed_video(const Matrix& parts) const override { return parts; }
  [[nodiscard]] bool takes_pictures() const noexcept override { return true; }
  [[nodiscard]] ClipFeature embed_picture(const Picture&) const override { return ClipFeature(kDim); }
  [[nodiscard]] IndexValues index_values() const noexcept override { return IndexValues::Halves; }
  [[nodiscard]] Pooling pooling() const noexcept override { return Pooling::Mean; }
  [[nodiscard]] std::vector<RecipeRow> lanes_in(const FeatureStore& store) const override {
    return store.recipes();
  }
  [[nodiscard]] Digest identity() const override { return "numbered"; }
};

void write_store(const std::filesystem::path& path, int videos, int seconds) {
  FeatureStore store(path, FeatureStore::Access::ReadWrite);
  const std::int64_t recipe = store.add_recipe({"clip", "{}", "generated"});
  const CounterRandom random(1, RandomUse::Weights);
  std::vector<float> row(kDim);
  std::uint64_t draws = 0;
  for (int v = 0; v < videos; ++v) {
    VideoOutcome outcome;
    outcome.source = {fmt::format("video{}", v), "/none.mp4"};
    outcome.fingerprint = {1, 1, sha256(outcome.source.id)};
    VideoOutcome::Lane lane{recipe, {}};
    lane.features.dim = kDim;
    for (int s = 0; s < seconds; ++s) {
      for (float& value : row) value = random.uniform(draws++) - 0.5F;
      l2_normalize(row.data(), row.size());
      lane.features.set(static_cast<std::size_t>(s), row.data(),
                        {std::chrono::seconds(s), std::chrono::seconds(s + 1)});
    }
    outcome.lanes.push_back(std::move(lane));
    store.write(outcome);
  }
  store.checkpoint();
}

void run(int videos, int seconds, int queries) {
  const testing::TempFolder folder;
  const SearchOptions options{folder / "frames.db", folder / "search_index.bin", {1, 1}};
  const pid_t writer = fork();  // its memory is not that of the search
  if (writer == 0) {
    write_store(folder / "frames.db", videos, seconds);
    (void)Searcher(std::make_unique<NumberedPair>(), options, {});
    _exit(0);
  }
  (void)waitpid(writer, nullptr, 0);
  set_compute_threads(0);
  const auto begin = Clock::now();
  Searcher searcher(std::make_unique<NumberedPair>(), options, {});
  fmt::print("{} windows of {} values, opened in {:.0f} ms\n", searcher.index()->windows().windows(), kDim,
             ms_since(begin));
  std::vector<double> times_ms;
  for (int i = 0; i < queries; ++i) {
    SearchQuery query;
    query.sentence = std::to_string(i);
    const auto asked = Clock::now();
    (void)searcher.answer({query});
    times_ms.push_back(ms_since(asked));
  }
  std::sort(times_ms.begin(), times_ms.end());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("a sentence: median {:.1f} ms, p99 {:.1f} ms; memory in use {:.0f} MB, at most {:.0f} MB\n",
             times_ms[times_ms.size() / 2], times_ms[times_ms.size() * 99 / 100], resident_mb(),
             static_cast<double>(usage.ru_maxrss) / 1e3);
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  tvr::run(argc > 1 ? std::stoi(argv[1]) : 20, argc > 2 ? std::stoi(argv[2]) : 50,
           argc > 3 ? std::stoi(argv[3]) : 20);
}

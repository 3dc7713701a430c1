// The training presets on real features: mean and standard deviation over seeds, and a control whose training
// captions are dealt to the wrong videos. docs/TRAINING.md has the table that this prints.
//   recipe_bench CORPUS OUT [--set S] [--presets howto100m,best] [--seeds 5] [--control-seeds 5] [FLAGS]
// CORPUS holds msrvtt/features_vgg128/ and {vidvrd,vidvrd2}/{labels.json,features_2d/,features_3d/}, OUT the
// unpacked MSRVTT_data.json; OUT keeps the stores and runs: what is done there already is not done again.
// FLAGS are of `pipeline train`. Sets:
//   msrvtt   videos 0-499 train, 500-599 test, every caption a query
//   tune     videos 0-399 train, 400-599 test: where presets are chosen
//   vidvrd0, vidvrd1, vidvrd2
//            209 videos with a label each, every third one test: three folds, where presets are chosen
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "data/datasets/datasets.h"
#include "data/error.h"
#include "data/store/choose_recipes.h"
#include "data/tensors/npy.h"
#include "model/random.h"
#include "pipeline/commands/learn_options.h"
#include "pipeline/learning/learn_step.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

struct BenchVideo {
  std::string id;
  std::vector<fs::path> features;  // a .npy file for each lane
};
/// A data set of the corpus.
struct BenchSet {
  std::vector<std::string> lanes;
  std::vector<BenchVideo> videos;
  DataSet data;
};

std::string name_of(int video) { return fmt::format("video{}", video); }

void write_list(const fs::path& path, int first, int last) {
  std::string text = "video_id\n";
  for (int video = first; video <= last; ++video) text += name_of(video) + '\n';
  write_text(path, text);
}

BenchSet msrvtt(const fs::path& corpus, const fs::path& out, int train, int test) {
  const fs::path json = out.parent_path() / "MSRVTT_data.json";
  if (!fs::exists(json)) {
    throw Error(Fault::NotFound, json.string(), "there is no such file",
                "gunzip -c CORPUS/msrvtt/MSRVTT_data.json.gz > OUT/MSRVTT_data.json");
  }
  write_list(out / "train.csv", 0, train - 1);
  write_list(out / "test.csv", train, train + test - 1);
  BenchSet set{{"vgg"}, {}, {}};
  for (int video = 0; video < train + test; ++video)
    set.videos.push_back({name_of(video), {corpus / "msrvtt/features_vgg128" / (name_of(video) + ".npy")}});
  set.data = read_msrvtt({json, out / "train.csv", {}, out / "test.csv"});
  return set;
}

/// The videos of both folders, in the order of their numbers; those of each third place from `fold` on are
/// for testing.
BenchSet vidvrd(const fs::path& corpus, const fs::path& out, int fold) {
  BenchSet set{{"2d", "3d"}, {}, {}};
  std::string csv = "video,caption,split\n";
  for (const char* part : {"vidvrd", "vidvrd2"}) {
    const auto labels = nlohmann::json::parse(std::ifstream(corpus / part / "labels.json"));
    std::map<int, std::string> captions;
    for (const auto& [name, label] : labels.items())
      captions[std::stoi(name.substr(5))] = label.at("captions").at(0).get<std::string>();
    for (auto& [number, caption] : captions) {
      std::replace(caption.begin(), caption.end(), '_', ' ');  // dog stand_behind frisbee
      csv += fmt::format("{},{},{}\n", name_of(number), caption,
                         static_cast<int>(set.videos.size()) % 3 == fold ? "test" : "train");
      const std::string file = name_of(number) + ".npy";
      set.videos.push_back(
          {name_of(number), {corpus / part / "features_2d" / file, corpus / part / "features_3d" / file}});
    }
  }
  write_text(out / "captions.csv", csv);
  set.data = read_captions(out / "captions.csv", {});
  return set;
}

HalfSequence rows_of(const fs::path& npy) {
  const Tensor tensor = read_npy(npy);
  const std::vector<float> values = tensor.to_floats();
  HalfSequence rows;
  rows.dim = tensor.shape.back();
  for (std::size_t row = 0; row * static_cast<std::size_t>(rows.dim) < values.size(); ++row) {
    const auto second = static_cast<std::int64_t>(row) * 1'000'000;
    rows.set(row, values.data() + row * static_cast<std::size_t>(rows.dim),
             {Micros(second), Micros(second + 1'000'000)});
  }
  return rows;
}

void fill(FeatureStore& store, const BenchSet& set) {
  if (!store.videos().empty()) return;
  std::vector<std::int64_t> recipes;
  for (const std::string& lane : set.lanes) recipes.push_back(store.add_recipe({lane, "{}", "imported"}));
  for (const BenchVideo& video : set.videos) {
    VideoOutcome outcome;
    outcome.source.id = video.id;
    outcome.fingerprint.content = sha256(outcome.source.id);
    for (std::size_t i = 0; i < set.lanes.size(); ++i) {
      outcome.lanes.push_back({recipes[i], rows_of(video.features[i])});
    }
    store.write(outcome);
  }
}

/// Deals the training captions of each clip to another one.
void deal_wrongly(DataSet& data) {
  std::vector<std::int32_t> wrong(data.train.clips.size());
  std::iota(wrong.begin(), wrong.end(), 0);
  shuffle(wrong, CounterRandom(1, RandomUse::ClipOrder, 999));
  for (Caption& caption : data.train.captions) caption.clip = wrong[static_cast<std::size_t>(caption.clip)];
}

LearnOptions options_of(const std::string& preset, int seeds, std::vector<std::string> flags) {
  LearnOptions options;
  CLI::App command;
  add_learn_flags(command, options);
  flags.insert(flags.end(), {"--training-preset", preset, "--seeds", std::to_string(seeds)});
  std::reverse(flags.begin(), flags.end());
  command.parse(flags);
  apply_training_preset(command);
  return options;
}

struct BenchOptions {
  fs::path corpus, out;
  std::string set = "msrvtt";
  std::vector<std::string> presets = {"howto100m", "best"};
  int seeds = 5, control_seeds = 5;
  std::vector<std::string> flags;
};

void run(const BenchOptions& options) {
  const fs::path out = options.out / options.set;
  fs::create_directories(out);
  const BenchSet set = options.set == "msrvtt" ? msrvtt(options.corpus, out, 500, 100)
                       : options.set == "tune" ? msrvtt(options.corpus, out, 400, 200)
                                               : vidvrd(options.corpus, out, options.set.back() - '0');
  FeatureStore store(out / "features.db", FeatureStore::Access::ReadWrite);
  fill(store, set);
  for (const std::string& preset : options.presets) {
    for (const bool shuffled : {false, true}) {
      const int seeds = shuffled ? options.control_seeds : options.seeds;
      if (seeds == 0) continue;
      DataSet data = set.data;
      if (shuffled) deal_wrongly(data);
      const std::string label = preset + (shuffled ? "-shuffled" : "");
      RunFolder folder(out / label);
      TimeAccount time;
      const LearnOptions learning = options_of(preset, seeds, options.flags);
      const Learned learned =
          learn(folder, load_splits(folder, store, choose_recipes(store, {}, {}), data, {}, learning),
                plan_learning(learning, data.train), time);
      write_text(folder.metrics(), learned.metrics);
      fmt::print("{}, {}\n{}\n", options.set, label, metrics_table(learned.seeds, learned.linear));
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  tvr::BenchOptions options;
  CLI::App app("Training presets on real features");
  app.add_option("CORPUS", options.corpus)->required()->check(CLI::ExistingDirectory);
  app.add_option("OUT", options.out)->required()->check(CLI::ExistingDirectory);
  app.add_option("--set", options.set)
      ->check(CLI::IsMember({"msrvtt", "tune", "vidvrd0", "vidvrd1", "vidvrd2"}));
  app.add_option("--presets", options.presets)->delimiter(',');
  app.add_option("--seeds", options.seeds);
  app.add_option("--control-seeds", options.control_seeds);
  app.allow_extras();
  CLI11_PARSE(app, argc, argv);
  options.flags = app.remaining();
  try {
    tvr::install_stop_handler();
    tvr::run(options);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}

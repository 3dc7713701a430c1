#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>

#include "data/error.h"
#include "data/usable_cores.h"
#include "extract/gpu.h"
#include "extract/libraries.h"
#include "model/libraries.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/options.h"
#include "pipeline/doctor/doctor_checks.h"
#include "pipeline/learning/learn_step.h"
#include "pipeline/machine/library_versions.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

/// The inputs of a planned job; all are optional.
struct DoctorOptions {
  fs::path videos, store, word_vectors;
  std::map<std::string, NetworkChoice> networks;  // by built-in lane
  std::vector<fs::path> look_in;
  DataOptions data;
  bool json = false;
};

/// Folders to search for well-known files: here, weights/, data/ and torchvision's downloads.
std::vector<fs::path> usual_folders(const DoctorOptions& options) {
  std::vector<fs::path> folders = options.look_in;
  folders.insert(folders.end(), {".", "weights", "data"});
  if (const char* home = std::getenv("HOME"))
    folders.push_back(fs::path(home) / ".cache/torch/hub/checkpoints");
  return folders;
}

Check check_product(unsigned threads) {
  const ProductSpeed speed = measure_product();
  Check check{"processor",
              "training",
              Finding::Ok,
              fmt::format("built-in {} kernels, {:.0f} GFLOP/s (32 x 4096 x 4096, all cores)", speed.kernels,
                          speed.gflops),
              {}};
  double load = 0;
  if (getloadavg(&load, 1) == 1 && load > threads)
    check.seen += fmt::format(", slowed by other programs (load {:.1f})", load);
  return check;
}

void check_files(const DoctorOptions& options, Checks& checks) {
  const std::vector<fs::path> folders = usual_folders(options);
  for (const BuiltinLane& lane : builtin_lanes()) {
    const NetworkChoice& network = options.networks.at(lane.name);
    checks.push_back(network.weights.empty() ? check_published_weights(folders, lane)
                                             : check_weights(lane.name, network.weights, network.model));
  }
  if (!options.word_vectors.empty()) checks.push_back(check_word_vectors(options.word_vectors));
  const bool is_named = !options.data.dataset.annotations.empty();
  const Checks known = check_known_files(folders, options.word_vectors.empty(), !is_named);
  checks.insert(checks.end(), known.begin(), known.end());
}

/// Reads headers for twenty seconds at most, as files may be damaged or on slow storage; 0 after that.
std::function<double(const fs::path&)> hurried_duration() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  return [end](const fs::path& video) {
    return std::chrono::steady_clock::now() < end ? claimed_duration_s(video) : 0;
  };
}

void check_store(const DoctorOptions& options, const std::vector<VideoSource>& videos, Checks& checks) {
  const fs::path store = fs::absolute(options.store.empty() ? "features.db" : options.store);
  const Checks place = check_store_place(store);
  checks.insert(checks.end(), place.begin(), place.end());
  std::error_code problem;
  fs::path folder = store.parent_path();
  while (!fs::exists(folder, problem) && folder.has_relative_path()) folder = folder.parent_path();
  const fs::space_info space = fs::space(folder, problem);
  if (!problem) {
    checks.push_back(
        check_room(estimate_store(videos, hurried_duration()), static_cast<double>(space.available)));
  }
}

/// Reads captions and splits as a run would, and reports their sizes.
void check_data(const DoctorOptions& options, const std::vector<VideoSource>& videos, Checks& checks) {
  if (options.data.dataset.annotations.empty()) return;
  try {
    const DataSet data = read_data(options.data, videos, 1);
    checks.push_back({"data set",
                      "captions",
                      Finding::Ok,
                      fmt::format("{} training, {} validation, {} test captions", data.train.captions.size(),
                                  data.val.captions.size(), data.test.captions.size()),
                      {}});
  } catch (const Error& error) {
    checks.push_back({"data set", "captions", Finding::Missing, error.where() + ": " + error.seen(),
                      error.advice().empty() ? "Correct the file" : error.advice()});
  }
}

Checks all_checks(const DoctorOptions& options) {
  Checks checks = check_libraries(library_versions());
  const auto add = [&](const Checks& more) { checks.insert(checks.end(), more.begin(), more.end()); };
  add(check_codecs(decoder_of, has_encoder));
  const Machine machine = read_machine();
  const auto threads = static_cast<unsigned>(usable_cores());
  add(check_machine(machine, threads));
  add({check_product(threads), check_blas(probe_blas(), machine)});
  add(check_cuda(probe_cuda(), missing_for_gpu()));
  const std::vector<VideoSource> videos =
      options.videos.empty() ? std::vector<VideoSource>{} : find_videos(options.videos);
  if (!options.videos.empty()) {
    checks.push_back({"data set", "videos", videos.empty() ? Finding::Missing : Finding::Ok,
                      fmt::format("{} in {}", videos.size(), options.videos.string()),
                      videos.empty() ? "No file there has the extension of a video file" : ""});
  }
  check_data(options, videos, checks);
  check_files(options, checks);
  check_store(options, videos, checks);
  return checks;
}

int run_doctor(const DoctorOptions& options) {
  const Checks checks = all_checks(options);
  fmt::print("{}", options.json ? checks_json(checks)
                                : checks_text(checks, columns_of(STDOUT_FILENO), STDOUT_FILENO));
  return nothing_missing(checks) ? kDone : kFailed;
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand(
      "doctor", "Check what is installed, found and missing on this machine, and say what to do about it");
  const auto path = [&](const char* flag, fs::path& value, const char* help) {
    command->add_option(flag, value, help)->transform(absolute_path())->group("Planned job");
  };
  path("--videos", options->videos, "folder of videos, to estimate the disk space of their features");
  path("--store", options->store, "path of the feature store to be (default: features.db)");
  path("--word-vectors", options->word_vectors, "word vectors to check");
  add_network_flags(*command, options->networks, "Planned job");
  command->add_option("--look-in", options->look_in, "more folders to search for weights and word vectors");
  add_data_flags(*command, options->data);
  command->add_flag("--json", options->json, "print the checks as JSON");
  command->callback([options, &exit_code] { exit_code = run_doctor(*options); });
}

}  // namespace tvr

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/cache_folder.h"
#include "data/error.h"
#include "data/usable_cores.h"
#include "extract/gpu.h"
#include "extract/libraries.h"
#include "extract/media/clip_stream.h"
#include "model/distributed/mpi_group.h"
#include "model/libraries.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/usage.h"
#include "pipeline/doctor/doctor_checks.h"
#include "pipeline/downloads/download.h"
#include "pipeline/downloads/download_table.h"
#include "pipeline/learning/learn_step.h"
#include "pipeline/machine/library_versions.h"
#include "pipeline/run/run_manifest.h"
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
  std::map<std::string, std::vector<std::string>> others{};   // by flag: of the commands whose job is planned
  std::vector<std::pair<std::string, std::string>> faults{};  // of files and folders: flag and what is wrong

  [[nodiscard]] bool is_faulty(const std::string& flag) const {
    return std::any_of(faults.begin(), faults.end(), [&](const auto& fault) { return fault.first == flag; });
  }
  /// The value of a flag of another command; empty: it is not set.
  [[nodiscard]] std::string other(const std::string& flag) const {
    const auto found = others.find(flag);
    return found == others.end() || found->second.empty() ? std::string() : found->second.front();
  }
};

/// Folders to search for well-known files: here, weights/, data/, torchvision's downloads and those of `get`.
std::vector<fs::path> usual_folders(const DoctorOptions& options) {
  std::vector<fs::path> folders = options.look_in;
  folders.insert(folders.end(), {".", "weights", "data"});
  if (const char* home = std::getenv("HOME"))
    folders.push_back(fs::path(home) / ".cache/torch/hub/checkpoints");
  for (const Download& download : downloads()) folders.push_back(cache_folder() / download.name);
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
  for (const auto& [flag, fault] : options.faults)
    checks.push_back({"files", flag.substr(2), Finding::Missing, fault, {}});
  for (const BuiltinLane& lane : builtin_lanes()) {
    if (options.is_faulty(std::string("--weights-") + lane.name)) continue;
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
  const Checks existing = check_existing_stores(store);
  checks.insert(checks.end(), existing.begin(), existing.end());
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
  if (options.data.dataset.annotations.empty() || options.is_faulty("--captions") ||
      options.is_faulty("--annotations"))
    return;
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

/// Whether the longest of the first videos fits --max-frames.
void check_limits(const DoctorOptions& options, const std::vector<VideoSource>& videos, Checks& checks) {
  constexpr std::size_t kAsked = 50;
  double longest_s = 0;
  fs::path longest;
  const auto duration_s = hurried_duration();
  for (std::size_t i = 0; i < std::min(videos.size(), kAsked); ++i) {
    const double seconds = duration_s(videos[i].path);
    if (seconds <= longest_s) continue;
    longest_s = seconds;
    longest = videos[i].path;
  }
  if (longest_s == 0) return;
  const std::string limit = options.other("--max-frames");
  const std::int64_t most = limit.empty() ? DecodeLimits().max_frames : std::stoll(limit);
  double fps = 0;
  for (const BuiltinLane& lane : builtin_lanes())
    fps = std::max<double>(fps, lane.sampling(Preset::Ffmpeg5).sample_fps);
  checks.push_back(check_frames_limit(longest, longest_s, fps, most));
}

/// The folder of a run whose model is to be used.
void check_run(const fs::path& run, Checks& checks) {
  if (run.empty()) return;
  try {
    require_files(read_manifest(run));
    checks.push_back({"files", "run", Finding::Ok, run.string(), {}});
  } catch (const Error& error) {
    checks.push_back({"files", "run", Finding::Missing, error.where() + ": " + error.seen(), error.advice()});
  }
}

Checks all_checks(const DoctorOptions& options) {
  Checks checks = check_libraries(library_versions());
  checks.push_back(check_mpi(mpi_library()));
  const auto add = [&](const Checks& more) { checks.insert(checks.end(), more.begin(), more.end()); };
  add(check_codecs(decoder_of, has_encoder));
  const Machine machine = read_machine();
  const auto threads = static_cast<unsigned>(usable_cores());
  add(check_machine(machine, threads));
  add({check_product(threads), check_blas(probe_blas(), machine)});
  const std::string no_gpu = missing_for_gpu();
  add(check_cuda(probe_cuda(), no_gpu));
  for (const char* flag : {"--device", "--train-device"})
    add(check_wish_for_gpu(flag, options.other(flag), no_gpu));
  std::vector<VideoSource> videos;
  if (!options.videos.empty() && !options.is_faulty("--videos")) {
    videos = find_videos(options.videos);
    checks.push_back({"data set", "videos", videos.empty() ? Finding::Missing : Finding::Ok,
                      fmt::format("{} in {}", videos.size(), options.videos.string()),
                      videos.empty() ? "No file there has the extension of a video file" : ""});
    check_limits(options, videos, checks);
  }
  check_data(options, videos, checks);
  check_files(options, checks);
  check_run(options.other("--run"), checks);
  check_store(options, videos, checks);
  return checks;
}

/// Makes what the flag's checks find wrong with files and folders a finding rather than an error: all that is
/// missing is to be named.
void tell_rather_than_fail(CLI::Option& option, const std::shared_ptr<DoctorOptions>& options) {
  try {
    for (int i = 0;; ++i) {
      CLI::Validator& check = *option.get_validator(i);
      const std::string kind = check.get_description();
      if (kind != "FILE" && kind != "DIR" && kind != "FILE or NAME" && kind != kEncoderKind) continue;
      check.operation([original = check, flag = option.get_name(), options](std::string& text) {
        const std::string fault = original(text);
        if (!fault.empty() && !options->is_faulty(flag)) options->faults.emplace_back(flag, fault);
        return std::string();
      });
    }
  } catch (const CLI::OptionNotFound&) {  // past the last one
  }
}

/// Adds the flags that the commands of a planned job have and doctor has not, with their checks.
void add_flags_of_others(CLI::App& doctor, const std::shared_ptr<DoctorOptions>& options) {
  CLI::App others;
  int unused = kDone;
  add_run_command(others, unused);
  add_extract_command(others, unused);
  add_train_command(others, unused);
  add_index_command(others, unused);
  add_serve_command(others, unused);
  for (CLI::App* const command : others.get_subcommands({})) {
    for (CLI::Option* const option : command->get_options()) {
      const std::string flag = option->get_name();
      if (flag.rfind("--", 0) != 0 || doctor.get_option_no_throw(flag) != nullptr) continue;
      if (option->get_expected_max() == 0) {
        doctor.add_flag(flag)->group(kFlagsOfOthers);
        continue;
      }
      CLI::Option* const ours = doctor.add_option(flag, options->others[flag])->group(kFlagsOfOthers);
      try {
        for (int i = 0;; ++i) ours->check(*option->get_validator(i));
      } catch (const CLI::OptionNotFound&) {  // past the last one
      }
    }
  }
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
  CLI::App* command = add_command(app, "doctor");
  const auto path = [&](const char* flag, fs::path& value, const char* help) {
    command->add_option(flag, value, help)->transform(absolute_path())->group("Planned job");
  };
  path("--videos", options->videos, "folder of videos, to estimate the disk space of their features");
  command->get_option("--videos")->check(CLI::ExistingDirectory);
  path("--store", options->store,
       "feature store that is there or to be, or a pattern of several (default: features.db)");
  path("--word-vectors", options->word_vectors, "word vectors to check");
  add_network_flags(*command, options->networks, "Planned job");
  command->add_option("--look-in", options->look_in, "more folders to search for weights and word vectors");
  add_data_flags(*command, options->data);
  command->add_flag("--json", options->json, "print the checks as JSON");
  add_flags_of_others(*command, options);
  for (CLI::Option* const option : command->get_options()) tell_rather_than_fail(*option, options);
  command->footer(
      "Takes every flag of run, extract, train, index and serve as well, and names all that is missing for "
      "that job.\n"
      "Example: pipeline doctor --videos clips --captions captions.csv --weights-2d resnet152");
  command->callback([options, &exit_code] { exit_code = run_doctor(*options); });
}

}  // namespace tvr

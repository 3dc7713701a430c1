#include "pipeline/commands/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "data/descriptor.h"
#include "data/error.h"
#include "extract/networks/plugin.h"
#include "extract/networks/tower_backbone.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/commands/video_flags.h"
#include "pipeline/downloads/download.h"

namespace tvr {

namespace {

/// How the frames of the built-in lanes and plug-ins can be scaled; what other networks need is not a choice.
constexpr Choices<Preset, 4> kLanePresets{
    {{kPresets.name(Preset::Ffmpeg5), Preset::Ffmpeg5},
     {kPresets.name(Preset::Howto100m2019), Preset::Howto100m2019},
     {kPresets.name(Preset::Ffmpeg5Gpu), Preset::Ffmpeg5Gpu},
     {kPresets.name(Preset::Howto100m2019Gpu), Preset::Howto100m2019Gpu}}};

/// Replaces "512MB" by its bytes: a whole number with a unit, each 1024 times the one before.
CLI::Validator size_of_memory() {
  return CLI::Validator(
      [](std::string& text) {
        constexpr std::string_view kUnits = "bkmgtpe";
        constexpr std::uint64_t kLeast = std::uint64_t{1} << 20U;
        constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
        const char* const end = text.data() + text.size();
        std::uint64_t number = 0;
        const auto [at, error] = std::from_chars(text.data(), end, number);
        std::string unit = CLI::detail::to_lower(std::string(at, end));
        unit.erase(0, unit.find_first_not_of(' '));
        if (unit.empty()) unit = "b";
        const std::size_t power = kUnits.find(unit.front());
        const std::string_view rest = std::string_view(unit).substr(1);
        const bool is_unit = power != std::string_view::npos &&
                             (rest.empty() || (power > 0 && (rest == "b" || rest == "ib" || rest == "i")));
        const bool is_size =
            error == std::errc() && is_unit && (text.front() != '0' || at == text.data() + 1);
        const unsigned bits = 10 * static_cast<unsigned>(power);
        if (is_size && number <= kMost >> bits && number << bits >= kLeast) {
          text = std::to_string(number << bits);
          return std::string();
        }
        return "'" + text + "' is not a size from 1MB to 8EB: a whole number with a unit, such as 512MB";
      },
      "SIZE");
}

/// A file of weights, made absolute, or the one that `pipeline get` has got under this name.
CLI::Validator weights_file(const BuiltinLane& lane) {
  return CLI::Validator(
      [from = std::string(lane.weights_from)](std::string& text) {
        try {
          std::optional<std::filesystem::path> file;
          if (!std::filesystem::exists(text)) file = find_download(text);
          if (!file) file = std::filesystem::absolute(text).lexically_normal();
          (void)open_regular(*file);
          text = file->string();
          return std::string();
        } catch (const Error& error) {
          return error.where() + ": " + error.seen() + ". " +
                 (error.fault() == Fault::NotFound ? from : error.advice());
        }
      },
      "FILE or NAME");
}

/// Implements --model and --weights (`base`): --model 2d=resnet50 is the same as --model-2d resnet50.
void give_to_lane(CLI::App& command, const std::string& base, const std::string& lane_and_value) {
  const std::size_t sign = lane_and_value.find('=');
  CLI::Option* const flag = sign == std::string::npos
                                ? nullptr
                                : command.get_option_no_throw(base + "-" + lane_and_value.substr(0, sign));
  if (flag == nullptr)
    throw CLI::ValidationError(base, "'" + lane_and_value + "' is not LANE=VALUE of a built-in lane");
  flag->add_result(lane_and_value.substr(sign + 1));
  flag->run_callback();
}

}  // namespace

CLI::Validator encoder_folder() {
  return CLI::Validator(
      [](std::string& text) {
        if (std::filesystem::is_directory(text) || is_plugin_pair(text)) {
          text = std::filesystem::absolute(text).string();
          return std::string();
        }
        try {
          if (const auto folder = find_download(text)) {
            text = folder->string();
            return std::string();
          }
        } catch (const Error& error) {
          return std::string(error.what());
        }
        return "'" + text +
               "' is neither a folder, nor the manifest of a pair, nor a name that `pipeline get` lists";
      },
      kEncoderKind);
}

void add_network_flags(CLI::App& command, std::map<std::string, NetworkChoice>& networks,
                       const std::string& group, const std::vector<BuiltinLane>& lanes) {
  for (const BuiltinLane& lane : lanes) {
    NetworkChoice& network = networks[lane.name];
    network.model = lane.model;
    const std::string name = lane.name;
    command.add_option("--model-" + name, network.model, "network of the " + name + " lane")
        ->capture_default_str()
        ->group(group);
    command
        .add_option("--weights-" + name, network.weights,
                    "weights of the " + name + " network, .pth or .safetensors, e.g. " + lane.weights +
                        "; or what `pipeline get` calls them")
        ->transform(weights_file(lane))
        ->group(group);
  }
  for (const std::string base : {"--model", "--weights"}) {
    command
        .add_option_function<std::vector<std::string>>(
            base,
            [&command, base](const std::vector<std::string>& values) {
              for (const std::string& value : values) give_to_lane(command, base, value);
            },
            base == "--model" ? "network of any built-in lane, as LANE=NAME"
                              : "weights of any built-in lane, as LANE=FILE")
        ->configurable(false)
        ->envname(base == "--model" ? "PIPELINE_MODEL" : "PIPELINE_WEIGHTS")
        ->group(group);
  }
}

void add_feature_flags(CLI::App& command, FeatureOptions& options, const std::vector<BuiltinLane>& lanes) {
  const std::string group = "Features (changing one of these extracts anew)";
  const std::string known = fmt::format("{}", fmt::join(names_of(lanes), ", "));
  command
      .add_option(
          "--lanes", options.lanes,
          "networks to extract features with: " + known +
              ", manifests (FILE.json) of your own networks, and folders of encoder pairs (docs/ENCODERS.md)")
      ->delimiter(',')
      ->check([lanes, known](const std::string& lane) {
        const std::vector<std::string> names = names_of(lanes);
        if (is_plugin(lane) || is_encoder(lane) || std::find(names.begin(), names.end(), lane) != names.end())
          return std::string();
        return "'" + lane + "' is not one of " + known + ", a FILE.json, or the folder of an encoder pair";
      })
      ->transform(CLI::Validator(
          [](std::string& lane) {
            if (is_plugin(lane) || is_encoder(lane)) lane = std::filesystem::absolute(lane).string();
            return std::string();
          },
          "", "absolute path"))
      ->default_str(fmt::format("{}", fmt::join(options.lanes, ",")))
      ->group(group);
  add_choice(command, "--preset", options.preset, kLanePresets,
             "how frames are scaled: bicubic (FFmpeg 5) or bilinear (as in 2019); -gpu: on the GPU")
      ->group(group);
  add_network_flags(command, options.networks, group, lanes);
  command
      .add_flag(
          "--random-weights", options.random_weights,
          "seeded random weights for networks without a weights file (to try the program; not real features)")
      ->group(group);
  add_choice(command, "--precision", options.precision, kPrecisions,
             "number format of the built-in networks: bf16 is faster and less exact (docs/EXTRACTION.md)")
      ->group(group);
  command
      .add_flag(
          "--legacy-rotation", options.legacy_rotation,
          "compute the size of rotated videos before rotating them, as the reference does (distorts them)")
      ->group(group);
}

void add_speed_flags(CLI::App& command, SpeedOptions& options) {
  const std::string group = "Speed and limits (not part of the features' identity)";
  add_parsed(command, "--device", options.devices, devices_named, "auto",
             "device for the networks: auto, cpu, cuda, or several GPUs by number (cuda:0,1)")
      ->group(group);
  command.add_option("--jobs", options.jobs, "videos processed in parallel; 0: one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--clip-batch", options.clip_batch,
                  "clips of equal size per forward pass; 0: 64 on a GPU, otherwise 1")
      ->check(CLI::Range(0, 256))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--max-seconds", options.limits.max_seconds,
                  "limit: seconds of processor time to decode a video")
      ->check(number_within(0.001, 1e9))
      ->capture_default_str()
      ->group(group);
  command.add_option("--max-frames", options.limits.max_frames, "limit: sampled frames per video and lane")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max(), "POSITIVE"))
      ->capture_default_str()
      ->group(group);
  command.add_option("--max-pixels", options.limits.max_pixels, "limit: pixels per frame")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max(), "POSITIVE"))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--max-memory", options.limits.max_memory_bytes,
                  "limit: memory for decoding a video, e.g. 512MB")
      ->transform(size_of_memory())
      ->default_str("1GB")
      ->group(group);
}

void add_extract_flags(CLI::App& command, ExtractOptions& options) {
  add_video_flags(command, options.videos);
  command.add_option("--store", options.store, "the feature store, an SQLite file")
      ->transform(absolute_path())
      ->group("Videos");
  command.add_flag("--retry-failed", options.retry_failed, "retry videos that failed before")
      ->group("Videos");
}

void add_scratch_flag(CLI::App& command, std::filesystem::path& scratch) {
  command
      .add_option(
          "--scratch", scratch,
          "folder on a local disk where the store is worked on: --store is fetched at the beginning and "
          "copied back every few minutes and at the end, so it may be on NFS or Lustre")
      ->transform(absolute_path())
      ->check([](const std::string& folder) {
        return folder.empty() ? "it is empty: is the variable set that names the folder?" : std::string();
      })
      ->group("Videos");
}

void add_data_flags(CLI::App& command, DataOptions& options, const std::vector<DatasetFormat>& formats) {
  DatasetSpec& dataset = options.dataset;
  const std::string group = "Captions";
  auto* annotations = command.add_option("--annotations", dataset.annotations, known_annotations(formats))
                          ->check(CLI::ExistingFile)
                          ->transform(absolute_path())
                          ->group(group);
  command
      .add_option("--train", dataset.train,
                  "CSV of the training videos (column video_id); YouCook2: train_list.txt")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  command
      .add_option("--val", dataset.val,
                  "CSV of the validation videos, or the file of that split (docs/DATASETS.md)")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  command
      .add_option(
          "--test", dataset.test,
          "CSV of the test videos (video_id[,sentence]), or the file of that split (docs/DATASETS.md)")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  command
      .add_option_function<std::string>(
          "--captions",
          [&dataset](const std::string& file) {
            dataset.annotations = file;
            dataset.format = "captions";
          },
          "CSV of captions instead: video,caption[,start,end][,split]")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->excludes(annotations)
      ->group(group);
  command
      .add_option("--test-videos", dataset.split.test_videos,
                  "with a CSV of captions: glob that matches the test videos, e.g. 'ours/*'")
      ->group(group);
  command
      .add_option("--test-fraction", dataset.split.test_fraction,
                  "with --captions without a column split: fraction of the videos held out as test split")
      ->check(number_within(0, 0.9))
      ->capture_default_str()
      ->group(group);
  command
      .add_flag("--legacy-quotes", dataset.legacy_quotes,
                "with LSMDC: quotes and missing values as the reference reads them, with pandas")
      ->group(group);
  command
      .add_option("--val-fraction", options.val_fraction,
                  "fraction of the training clips held out to select the best epoch; 0: use the last epoch")
      ->check(number_within(0, 0.9))
      ->capture_default_str()
      ->group(group);
}

}  // namespace tvr

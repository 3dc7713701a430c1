#include "pipeline/commands/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "data/error.h"
#include "extract/gpu.h"
#include "extract/networks/plugin.h"
#include "pipeline/commands/command.h"

namespace tvr {

void add_feature_flags(CLI::App& command, FeatureOptions& options) {
  const std::string group = "Features (part of their identity)";
  command
      .add_option("--lanes", options.lanes,
                  "which networks see the video: 2d, 3d, and manifests (FILE.json) of networks of your own")
      ->delimiter(',')
      ->check([](const std::string& lane) {
        if (lane == "2d" || lane == "3d" || is_plugin(lane)) return std::string();
        return "'" + lane + "' is not 2d, 3d or a FILE.json";
      })
      ->transform(CLI::Validator(
          [](std::string& lane) {
            if (is_plugin(lane)) lane = std::filesystem::absolute(lane).string();
            return std::string();
          },
          "", "absolute path"))
      ->default_str("2d,3d")
      ->group(group);
  command
      .add_option("--preset", options.preset,
                  "the scaler: bicubic (FFmpeg 5) or bilinear (as in 2019); -gpu: scaled on the GPU")
      ->check(CLI::IsMember(preset_names()))
      ->capture_default_str()
      ->group(group);
  command.add_option("--model-2d", options.model_2d, "network of the 2d lane")
      ->capture_default_str()
      ->group(group);
  command.add_option("--weights-2d", options.weights_2d, ".pth or .safetensors of the 2d network")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  command.add_option("--model-3d", options.model_3d, "network of the 3d lane")
      ->capture_default_str()
      ->group(group);
  command.add_option("--weights-3d", options.weights_3d, ".pth or .safetensors of the 3d network")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  command
      .add_flag(
          "--random-weights", options.random_weights,
          "let networks without a weights file use seeded random weights (for trials: not real features)")
      ->group(group);
  command
      .add_option("--precision", options.precision,
                  "arithmetic of the built-in networks: bf16 is faster and less exact (docs/EXTRACTION.md)")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16", "tf32"}))
      ->capture_default_str()
      ->group(group);
  command
      .add_flag("--legacy-rotation", options.legacy_rotation,
                "squash rotated videos as the reference program did")
      ->group(group);
}

void add_speed_flags(CLI::App& command, SpeedOptions& options) {
  const std::string group = "Speed and budgets (never the numbers)";
  command
      .add_option("--device", options.device,
                  "where the networks run: auto, cpu, cuda, or several GPUs by their numbers, cuda:0,1")
      ->check([](const std::string& device) {
        try {
          static_cast<void>(devices_named(device));
          return std::string();
        } catch (const Error& error) {
          return error.seen() + ". " + error.advice();
        }
      })
      ->capture_default_str()
      ->group(group);
  command.add_option("--jobs", options.jobs, "videos worked on at once; 0: one a core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--clip-batch", options.batch_size,
                  "clips of equal size that share a pass through a network; 0: 64 on a GPU, else 1")
      ->check(CLI::Range(0, 256))
      ->capture_default_str()
      ->group(group);
  command.add_option("--max-seconds", options.limits.max_seconds, "wall time for one video")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  command.add_option("--max-frames", options.limits.max_frames, "sampled frames of one video in one lane")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  command.add_option("--max-pixels", options.limits.max_pixels, "pixels of one picture")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--max-memory", options.limits.max_memory_bytes, "memory to decode one video, e.g. 512MB")
      ->transform(CLI::AsSizeValue(false))
      ->default_str("1GB")
      ->group(group);
}

void add_video_flags(CLI::App& command, ExtractOptions& options) {
  auto* videos =
      command.add_option("--videos", options.videos, "folder of videos, searched with all its folders")
          ->check(CLI::ExistingDirectory)
          ->transform(absolute_path())
          ->group("Videos");
  command.add_option("--list", options.list, "CSV of videos instead: path[,video_id]")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->excludes(videos)
      ->group("Videos");
  command.add_option("--store", options.store, "the feature store, one SQLite file")
      ->transform(absolute_path())
      ->group("Videos");
  command.add_flag("--retry-failed", options.retry_failed, "try videos again that failed before")
      ->group("Videos");
}

void add_data_flags(CLI::App& command, DataOptions& options) {
  const std::string group = "Captions";
  auto* annotations = command.add_option("--annotations", options.annotations, "MSRVTT_data.json")
                          ->check(CLI::ExistingFile)
                          ->transform(absolute_path())
                          ->group(group);
  command.add_option("--train", options.train, "CSV of the training videos (column video_id)")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  command.add_option("--val", options.val, "CSV of the validation videos")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  command.add_option("--test", options.test, "CSV of the test videos (video_id[,sentence])")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  auto* captions =
      command.add_option("--captions", options.captions, "CSV instead: video,caption[,start,end][,split]")
          ->check(CLI::ExistingFile)
          ->transform(absolute_path())
          ->excludes(annotations)
          ->group(group);
  command
      .add_option("--test-videos", options.test_videos, "with --captions: these are the test, e.g. 'ours/*'")
      ->needs(captions)
      ->group(group);
  command
      .add_option("--test-fraction", options.test_fraction,
                  "with --captions that have no column split: share of the videos held out as test")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--val-fraction", options.val_fraction,
                  "share of the training clips held out to choose the best epoch; 0: the last epoch is taken")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str()
      ->group(group);
}

namespace {

/// The numbers of "0,1"; none where it is anything else.
std::vector<int> numbers_in(std::string_view list) {
  std::vector<int> numbers;
  const char* next = list.data();
  const char* const end = next + list.size();
  for (;;) {
    int number = -1;
    const auto [after, fault] = std::from_chars(next, end, number);
    const bool seen = std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    if (fault != std::errc() || number < 0 || seen) return {};
    numbers.push_back(number);
    if (after == end) return numbers;
    if (*after != ',') return {};
    next = after + 1;
  }
}

/// The pictures of a -gpu preset stay on the GPU: the network has to be there too.
void require_seen(const Lane& lane) {
  if (!is_gpu(lane.sampling.preset)) return;
  const bool plugin = is_plugin(lane.network.model);
  if (!plugin && lane.network.device != Device::Cpu) return;
  throw Error(Fault::InvalidArgument, std::string("--preset ") + name(lane.sampling.preset),
              "its pictures are made on a GPU, and " +
                  (plugin ? "the plug-in of lane " + lane.sampling.name + " runs on the processor"
                          : std::string("--device is cpu")),
              plugin ? "Use a preset without -gpu" : "Use --device cuda, or a preset without -gpu");
}

Lane builtin_lane(const std::string& name, const FeatureOptions& options) {
  const bool is_3d = name == "3d";
  Lane lane;
  lane.sampling = is_3d ? lane_3d() : lane_2d();
  lane.network.model = is_3d ? options.model_3d : options.model_2d;
  lane.network.weights = is_3d ? options.weights_3d : options.weights_2d;
  lane.network.random_seed = options.random_seed;
  lane.network.precision = precision_named(options.precision);
  if (lane.network.weights.empty() && !options.random_weights) {
    throw Error(Fault::InvalidArgument, "lane " + name, "no weights for " + lane.network.model,
                "Pass --weights-" + name + " FILE, or --random-weights for a trial without real features");
  }
  return lane;
}

}  // namespace

Devices devices_named(const std::string& name) {
  if (name == "auto") return {};
  if (name == "cpu") return {Device::Cpu};
  if (name == "cuda") return {Device::Cuda};
  const std::string_view kind = "cuda:";
  if (name.compare(0, kind.size(), kind) == 0) {
    std::vector<int> gpus = numbers_in(std::string_view(name).substr(kind.size()));
    if (!gpus.empty()) return {Device::Cuda, std::move(gpus)};
  }
  throw Error(Fault::InvalidArgument, "--device", "'" + name + "' is not known",
              "It is auto, cpu, cuda, or different GPUs by their numbers: cuda:0,1");
}

bool uses_gpu(const SpeedOptions& speed) {
  const Device kind = devices_named(speed.device).kind;
  return kind == Device::Cuda || (kind == Device::Auto && gpu_count() > 0);
}

std::vector<Lane> lanes_of(const FeatureOptions& options, const SpeedOptions& speed) {
  const Devices devices = devices_named(speed.device);
  std::vector<Lane> lanes;
  for (const std::string& name : options.lanes) {
    Lane lane;
    if (is_plugin(name)) {
      lane.sampling = read_plugin(name).sampling;
      lane.network.model = name;
    } else {
      lane = builtin_lane(name, options);
    }
    lane.sampling.preset = preset_named(options.preset);
    lane.sampling.legacy_rotation = options.legacy_rotation;
    lane.network.device = devices.kind;
    lane.network.gpu = devices.gpus.front();
    require_seen(lane);
    for (const Lane& other : lanes) {
      if (other.sampling.name != lane.sampling.name) continue;
      throw Error(Fault::InvalidArgument, "--lanes", "two lanes are called " + lane.sampling.name,
                  "Give the plug-in another 'lane' in its manifest");
    }
    lanes.push_back(std::move(lane));
  }
  return lanes;
}

}  // namespace tvr

#include "pipeline/commands/options.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "data/error.h"
#include "extract/networks/plugin.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/video_flags.h"

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

void add_extract_flags(CLI::App& command, ExtractOptions& options) {
  add_video_flags(command, options.videos);
  command.add_option("--store", options.store, "the feature store, one SQLite file")
      ->transform(absolute_path())
      ->group("Videos");
  command.add_flag("--retry-failed", options.retry_failed, "try videos again that failed before")
      ->group("Videos");
}

void add_data_flags(CLI::App& command, DataOptions& options, const std::vector<DatasetFormat>& formats) {
  DatasetSpec& dataset = options.dataset;
  const std::string group = "Captions";
  auto* annotations = command.add_option("--annotations", dataset.annotations, known_annotations(formats))
                          ->check(CLI::ExistingFile)
                          ->transform(absolute_path())
                          ->group(group);
  command.add_option("--train", dataset.train, "CSV of the training videos (column video_id)")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  command.add_option("--val", dataset.val, "CSV of the validation videos")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  command.add_option("--test", dataset.test, "CSV of the test videos (video_id[,sentence])")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(group);
  auto* captions = command
                       .add_option_function<std::string>(
                           "--captions",
                           [&dataset](const std::string& file) {
                             dataset.annotations = file;
                             dataset.format = "captions";
                           },
                           "CSV instead: video,caption[,start,end][,split]")
                       ->check(CLI::ExistingFile)
                       ->transform(absolute_path())
                       ->excludes(annotations)
                       ->group(group);
  command
      .add_option("--test-videos", dataset.split.test_videos,
                  "with --captions: these are the test, e.g. 'ours/*'")
      ->needs(captions)
      ->group(group);
  command
      .add_option("--test-fraction", dataset.split.test_fraction,
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

}  // namespace tvr

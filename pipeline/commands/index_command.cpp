#include "pipeline/commands/index_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/store/known_ids.h"
#include "extract/networks/plugin.h"
#include "extract/networks/tower_backbone.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/commands/search_command.h"
#include "pipeline/commands/video_flags.h"
#include "pipeline/encoders/index_folder.h"
#include "pipeline/extraction/faster_ways.h"
#include "pipeline/learning/learning_data.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

/// Indexes, then embeds the windows, so that the first search starts at once.
int run_index(const IndexOptions& options) {
  const ExtractReport report = update_index(options);
  ModelToSearch model;
  model.index = store_of(options);
  ProgressLine line("index: windows", "videos", 0);
  const std::unique_ptr<Searcher> searcher = open_searcher(model, false, progress_on(line));
  const auto searchable = static_cast<std::int64_t>(searcher->index()->videos().size());
  say(fmt::format("index: {}search by `pipeline search --index {} \"...\"`",
                  searchable == report.videos ? "" : fmt::format("{} videos can be searched; ", searchable),
                  printable(model.index.string())));
  return report.all_well() ? kDone : kSomeVideosFailed;
}

/// Says which videos of the index have been deleted since: they are still found.
void tell_deleted(const FeatureStore& store, const std::filesystem::path& file) {
  std::vector<std::string> deleted;
  for (const VideoSource& source : sources_of(store)) {
    std::error_code unseen;
    if (!std::filesystem::exists(source.path, unseen) && !unseen) deleted.push_back(video_line(source.id));
  }
  if (deleted.empty()) return;
  warn(fmt::format(
      "{} of its videos are there no more, such as {}, and are found all the same; `pipeline store gc "
      "{} --drop` forgets them",
      deleted.size(), deleted.front(), printable(file.string())));
}

/// Without a separator at its end.
std::filesystem::path folder_of(const VideoSelection& videos) {
  const std::filesystem::path folder = videos.folder.lexically_normal();
  return folder.has_filename() ? folder : folder.parent_path();
}

}  // namespace

std::filesystem::path store_of(const IndexOptions& options) {
  if (!options.store.empty()) return options.store;
  const std::filesystem::path name = folder_of(options.videos);
  if (name.has_filename() && name.filename() != "." && name.filename() != "..") {
    return std::filesystem::absolute(name.filename().string() + ".db");
  }
  throw Error(Fault::InvalidArgument, "index", "no store is named", "Pass --store FILE.db");
}

/// Folders of one name give one default store, whose ids would then stand for other videos.
void require_own_index(const IndexOptions& options, const std::filesystem::path& store) {
  if (!options.store.empty() || !std::filesystem::exists(store)) return;
  const std::filesystem::path indexed = indexed_folder(store);
  if (indexed.empty() || indexed == folder_of(options.videos)) return;
  throw Error(Fault::Mismatch, store.string(), "it is the index of " + indexed.string(),
              "Name a store for these videos with --store FILE.db; or this one, if the videos have moved");
}

ExtractReport update_index(const IndexOptions& options) {
  const std::string encoder = options.encoder.string();
  if (!is_encoder(encoder) && !is_plugin_pair(encoder)) {
    throw Error(
        Fault::NotFound, encoder,
        is_plugin(encoder) ? "it is not the manifest of a pair: it names no text_module"
                           : "it has neither a config.json nor an open_clip_config.json",
        "Name the folder of an encoder pair as Hugging Face serves it (docs/ENCODERS.md), or a manifest "
        "with a text_module (docs/PLUGINS.md)");
  }
  ExtractOptions extraction;
  extraction.videos = options.videos;
  extraction.store = store_of(options);
  require_own_index(options, extraction.store);
  extraction.retry_failed = options.retry_failed;
  extraction.features.lanes = {encoder};
  extraction.features.encoder_fps = options.fps;
  extraction.features.precision = options.precision;
  extraction.speed = options.speed;
  PassedOver passed_over;
  const std::vector<VideoSource> videos =
      videos_of(options.videos, known_ids({extraction.store}), &passed_over);
  const ExtractionPlan plan = plan_extraction(extraction);
  FeatureStore store(extraction.store, FeatureStore::Access::ReadWrite);
  remember_encoder(extraction.store, options.encoder, folder_of(options.videos));
  tell(passed_over);
  TimeAccount time;
  const ExtractReport report = extract_into_store(store, videos, plan);
  lap(time, report);
  tell(report);
  tell_deleted(store, extraction.store);
  tell(time, faster_ways(plan));
  return report;
}

void add_index_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<IndexOptions>();
  CLI::App* const command = add_command(app, "index");
  command
      ->add_option(
          "--encoder", options->encoder,
          "folder of the pair: CLIP, SigLIP, PE-Core (docs/ENCODERS.md); or a manifest of your own networks "
          "(docs/PLUGINS.md)")
      ->required()
      ->transform(encoder_folder());
  // Not "videos": some versions of CLI11 take that for --videos, and abort.
  command->add_option("FOLDER", options->videos.folder, "folder of videos, searched recursively")
      ->check(CLI::ExistingDirectory)
      ->transform(absolute_path());
  add_video_flags(*command, options->videos);
  command->get_option("FOLDER")->excludes("--videos")->excludes("--list");
  command->add_option("--store", options->store, "the index, a feature store (default: FOLDER.db of FOLDER)")
      ->transform(absolute_path());
  command->add_option("--fps", options->fps, "frames that are embedded per second of video")
      ->check(CLI::Range(1, 240))
      ->capture_default_str();
  add_choice(*command, "--precision", options->precision, kPrecisions,
             "number format of the image tower: bf16 is faster and less exact");
  command->add_flag("--retry-failed", options->retry_failed, "retry videos that failed before");
  add_speed_flags(*command, options->speed);
  command->footer(
      "Example: pipeline index --encoder clip-vit-base-patch32 clips/\n"
      "         pipeline search --index clips.db \"a dog on the beach\"");
  command->callback([options, &exit_code] { exit_code = run_index(*options); });
}

}  // namespace tvr

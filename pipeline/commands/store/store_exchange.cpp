#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "data/error.h"
#include "data/json_text.h"
#include "data/store/feature_exchange.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

using Align = Table::Align;
using nlohmann::json;

/// The files to export features to or import them from.
struct FileArguments : StoreArguments {
  std::filesystem::path npy, pth, list;
  std::string name = "{lane}/{video}.npy";
};

struct ExportArguments : FileArguments {
  std::filesystem::path embeddings;
  OutcomeFilter filter;
};

struct ImportArguments : FileArguments {
  std::filesystem::path pkl;
  std::string lane;
  ImportOptions options;
};

void require_one_place(const std::vector<std::filesystem::path>& places, const char* flags) {
  const auto given =
      std::count_if(places.begin(), places.end(), [](const auto& place) { return !place.empty(); });
  if (given == 1) return;
  throw Error(Fault::InvalidArgument, "store", fmt::format("needs one of {}", flags),
              "Pass --npy FOLDER, for example");
}

FeatureFileNames names_of(const FileArguments& arguments, const std::string& lane) {
  return arguments.list.empty() ? FeatureFileNames::by_pattern(arguments.name, lane)
                                : FeatureFileNames::by_list(arguments.list, lane);
}

void warn_of(const std::vector<std::string>& failures) {
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < failures.size() && i < kShown; ++i) warn(failures[i]);
}

int run_export(const ExportArguments& arguments) {
  require_one_place({arguments.npy, arguments.pth, arguments.embeddings}, "--npy, --pth and --embeddings");
  ProgressLine line("exporting", "rows", 0);
  const Progress progress = progress_on(line);
  const ExportReport report =
      !arguments.embeddings.empty()
          ? export_embeddings(arguments.store, arguments.filter, arguments.embeddings, progress)
      : arguments.npy.empty() ? export_pth(arguments.store, arguments.filter, arguments.pth, progress)
                              : export_npy(arguments.store, arguments.filter, arguments.npy,
                                           names_of(arguments, arguments.filter.lane), progress);
  if (report.incomplete > 0) {
    warn(
        fmt::format("{} videos have features in some lanes only: programs that need all lanes will miss them",
                    report.incomplete));
  }
  warn_of(report.failures);
  json lanes = json::array();
  Table table({{"lane"}, {"videos", Align::Right}, {"rows", Align::Right}, {"dim", Align::Right}});
  for (const ExportReport::Lane& lane : report.lanes) {
    lanes.push_back({{"lane", lane.lane}, {"videos", lane.videos}, {"rows", lane.rows}, {"dim", lane.dim}});
    table.add({lane.lane, fmt::format("{}", lane.videos), fmt::format("{}", lane.rows),
               fmt::format("{}", lane.dim)});
  }
  if (arguments.json)
    fmt::print(
        "{}\n",
        json_text({{"lanes", lanes}, {"incomplete", report.incomplete}, {"failures", report.failures}}));
  else
    fmt::print("{}", table.text());
  return report.failures.empty() ? kDone : kSomeVideosFailed;
}

int run_import(const ImportArguments& arguments) {
  require_one_place({arguments.npy, arguments.pth, arguments.pkl}, "--npy, --pth and --pkl");
  ProgressLine line("importing", "files", 0);
  const ImportReport report =
      !arguments.pkl.empty()
          ? import_pkl(arguments.store, arguments.pkl, arguments.options, progress_on(line))
      : !arguments.pth.empty()
          ? import_pth(arguments.store, arguments.pth, arguments.options, progress_on(line))
          : import_npy(arguments.store, arguments.npy, names_of(arguments, arguments.lane), arguments.options,
                       progress_on(line));
  warn_of(report.failures);
  if (report.vanished > 0)
    warn(fmt::format("{} values are too small for float16 and became 0", report.vanished));
  if (arguments.json) {
    fmt::print("{}\n", json_text({{"files", report.files},
                                  {"imported", report.imported},
                                  {"fresh", report.fresh},
                                  {"rows", report.rows},
                                  {"vanished", report.vanished},
                                  {"failures", report.failures}}));
  } else {
    fmt::print("{} of {} imported, {} rows; {} were up to date, {} failed\n", report.imported, report.files,
               report.rows, report.fresh, report.failures.size());
  }
  return report.failures.empty() ? kDone : kSomeVideosFailed;
}

void add_file_flags(CLI::App& command, FileArguments& arguments) {
  const std::string group = "Files";
  auto* npy =
      command.add_option("--npy", arguments.npy, "folder of .npy files, [rows, columns] each")->group(group);
  command
      .add_option("--pth", arguments.pth,
                  "or one .pth file {lane: {video: tensor}}, as howto100m's loaders read")
      ->excludes(npy)
      ->group(group);
  auto* name = command.add_option("--name", arguments.name, "name pattern of the .npy files")
                   ->needs(npy)
                   ->capture_default_str()
                   ->group(group);
  command
      .add_option(
          "--list", arguments.list,
          "or a CSV of names as video_feature_extractor takes it, video_path,feature_path; needs --lane")
      ->check(CLI::ExistingFile)
      ->needs(npy)
      ->excludes(name)
      ->group(group);
}

}  // namespace

void add_store_export(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = add_store_subcommand(
      store, "export", "Export features as .npy files, one matrix of all, or max-pooled over time as a .pth",
      "export features.db --pth msrvtt_features.pth\n"
      "         pipeline store export features.db --npy features --name '{video}_{lane}.npy'",
      *arguments);
  add_file_flags(*command, *arguments);
  command
      ->add_option(
          "--embeddings", arguments->embeddings,
          "or a folder for one LANE.npy of all rows, and LANE.csv saying which video and time each is "
          "of, as FiftyOne, UMAP or a notebook take them")
      ->group("Files");
  add_filter_flags(*command, arguments->filter);
  command->callback([arguments, &exit_code] { exit_code = run_export(*arguments); });
}

void add_store_import(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command = add_store_subcommand(
      store, "import", "Import features that another program made; creates the store if it does not exist",
      "import features.db --npy resnet --name '{video}.npy' --lane 2d --rows-per-second 1 \\\n"
      "           --origin 'video_feature_extractor, ResNet-152'",
      *arguments);
  add_file_flags(*command, *arguments);
  command
      ->add_option(
          "--pkl", arguments->pkl,
          "or a .pkl of pooled clips as howto100m's YouCook2 has them: youcook_train.pkl, youcook_val.pkl")
      ->check(CLI::ExistingFile)
      ->group("Files");
  command->add_option("--lane", arguments->lane, "the lane, if the file names do not contain it");
  command
      ->add_option("--origin", arguments->options.origin,
                   "what the features were made with; part of their identity")
      ->capture_default_str();
  command
      ->add_option("--rows-per-second", arguments->options.rows_per_second,
                   "rows per second, starting at 0 s (video_feature_extractor: 1 for 2d, 1.5 for 3d); 0: "
                   "unknown, rows belong to the whole video")
      ->check(number_within(0, 1e6))
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = run_import(*arguments); });
}

}  // namespace tvr

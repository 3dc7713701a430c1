#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/datasets/datasets.h"
#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/json_text.h"
#include "data/store/choose_recipes.h"
#include "data/text_file.h"
#include "model/step_assignment.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/learn_options.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/encoders/run_encoder.h"
#include "pipeline/localization/localization_report.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr std::size_t kMostSteps = 1000;

/// Which videos of CrossTask.
enum class CrossTaskSelection {
  Split,  // crosstask_test_videos()
  All
};
constexpr Choices<CrossTaskSelection, 2> kCrossTaskSelections{
    {{"split", CrossTaskSelection::Split}, {"all", CrossTaskSelection::All}}};

struct LocalizeArguments {
  std::filesystem::path run, checkpoint, store;
  std::filesystem::path encoder;  // of the run's head, where it has moved
  std::vector<std::string> lanes;
  LearnOptions input;  // --word-vectors, --pooling, --max-words
  std::filesystem::path crosstask, from_scores;
  std::filesystem::path steps;  // one name per line
  std::vector<std::string> own_videos;
  CrossTaskSelection videos = CrossTaskSelection::Split;
  LocalizeOptions options;
  std::filesystem::path csv;
  bool json = false;
};

[[noreturn]] void refuse(const std::string& seen, const std::string& advice) {
  throw Error(Fault::InvalidArgument, "localize", seen, advice);
}

RunManifest run_in_folder(const CLI::App& command, const LocalizeArguments& arguments) {
  for (const char* const flag : {"--lanes", "--pooling", "--max-words"})
    if (command.count(flag) > 0)
      refuse(fmt::format("{} does not go with --run", flag), "The run has its own");
  RunManifest run = read_run(arguments.run, arguments.store, arguments.input.word_vectors);
  if (!arguments.store.empty()) run.store = arguments.store;
  if (!arguments.input.word_vectors.empty()) {
    run.word_vectors = arguments.input.word_vectors;
    run.word_vectors_content.clear();
  }
  move_encoder(run, arguments.encoder);
  return run;
}

RunManifest run_of_checkpoint(const LocalizeArguments& arguments) {
  if (arguments.checkpoint.empty())
    refuse("needs a model: --run or --checkpoint",
           "Pass --run FOLDER, or --from-scores FOLDER for scores of another program");
  if (arguments.store.empty()) refuse("no feature store is given", "Pass --store FILE.db, or --run FOLDER");
  if (arguments.input.word_vectors.empty())
    refuse("no word vectors are given",
           "Pass --word-vectors FILE, the file that the checkpoint was trained with");
  RunManifest run;
  for (const RecipeRow& row : choose_recipes(FeatureStore(arguments.store), arguments.lanes, {}))
    run.lanes.push_back(row.recipe);
  run.store = arguments.store;
  run.networks = {{arguments.checkpoint, {}}};
  run.word_vectors = arguments.input.word_vectors;
  run.pooling = arguments.input.pooling;
  run.max_words = arguments.input.train.max_words;
  return run;
}

RunManifest model_of(const CLI::App& command, const LocalizeArguments& arguments) {
  return arguments.run.empty() ? run_of_checkpoint(arguments) : run_in_folder(command, arguments);
}

void write_csv(const LocalizeArguments& arguments, const std::vector<PlacedStep>& steps) {
  if (!arguments.csv.empty()) write_text(arguments.csv, placed_steps_csv(steps));
}

int run_crosstask(const CLI::App& command, const LocalizeArguments& arguments) {
  const CrossTask data = read_crosstask(arguments.crosstask);
  std::unique_ptr<EncoderPair> encoders;
  std::unique_ptr<FeatureStore> store;
  ScoresOf scores_of;
  if (arguments.from_scores.empty()) {
    const RunManifest run = model_of(command, arguments);
    encoders = open_run(run);
    store = std::make_unique<FeatureStore>(run.store);
    scores_of = scores_of_model(*store, *encoders, data);
  } else {
    scores_of = scores_in_folder(arguments.from_scores, data);
  }
  const std::vector<CrossTaskVideo> videos =
      arguments.videos == CrossTaskSelection::All ? data.videos : crosstask_test_videos(data);
  if (videos.empty()) {
    throw Error(Fault::NotFound, arguments.crosstask.string(),
                "no task has more than 30 videos that are not held out: the split has none for testing",
                "Use --videos all");
  }
  const Localization result = [&] {
    ProgressLine line("localize", "videos", static_cast<std::int64_t>(videos.size()));
    return localize(data, videos, arguments.crosstask, scores_of, arguments.options, progress_on(line));
  }();
  for (const std::string& sentence : sentences_of(data, result)) warn("localize: " + sentence);
  write_csv(arguments, placed_steps(data, result));
  if (arguments.json) {
    nlohmann::json json = json_of(data, result);
    json["scores"] = kStepScores.name(arguments.options.scores);
    json["order"] = kStepOrders.name(arguments.options.order);
    json["selection"] = kCrossTaskSelections.name(arguments.videos);
    fmt::print("{}\n", json_text(json));
  } else {
    fmt::print("{}", table_of(data, result));
  }
  const bool is_whole = result.without_features.empty() && result.without_annotation.empty();
  return is_whole ? kDone : kSomeVideosFailed;
}

std::vector<std::string> step_names_in(const std::filesystem::path& file) {
  const std::string text = read_text_file(file);
  if (find_invalid_utf8(text) != std::string_view::npos)
    throw Error(Fault::Unsupported, file.string(), "it is not UTF-8 text", "Save the file as UTF-8");
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trim(std::string_view(text).substr(at, end - at));
    if (!line.empty()) names.emplace_back(line);
    at = end + 1;
  }
  if (names.empty() || names.size() > kMostSteps) {
    throw Error(Fault::Corrupt, file.string(),
                fmt::format("it has {} steps, wanted 1 to {}", names.size(), kMostSteps),
                "Write the name of a step on each line, in their order");
  }
  return names;
}

double seconds(Micros time) { return std::chrono::duration<double>(time).count(); }

void print_video(const LocalizeArguments& arguments, const std::string& video,
                 const std::vector<PlacedStep>& steps) {
  if (arguments.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const PlacedStep& step : steps) {
      nlohmann::json entry = {
          {"step", step.step + 1}, {"name", step.name}, {"second", nullptr}, {"score", nullptr}};
      if (step.second) entry.update({{"second", *step.second}, {"score", step.score}});
      list.push_back(std::move(entry));
    }
    fmt::print("{}\n", json_line({{"video", video_text(video)}, {"steps", std::move(list)}}));
    return;
  }
  using Align = Table::Align;
  Table table({{"at", Align::Right}, {"second", Align::Right}, {"score", Align::Right}, {"step"}});
  for (const PlacedStep& step : steps) {
    if (step.second) {
      table.add({seconds_text(*step.second), fmt::format("{:.6g}", *step.second),
                 fmt::format("{:.3f}", step.score), step.name});
    } else {
      table.add({"-", "-", "-", step.name});
    }
  }
  if (arguments.own_videos.size() > 1) fmt::print("# {}\n", video_line(video));
  fmt::print("{}", table.text());
}

int run_own_videos(const CLI::App& command, const LocalizeArguments& arguments) {
  const std::vector<std::string> names = step_names_in(arguments.steps);
  const RunManifest run = model_of(command, arguments);
  const std::unique_ptr<EncoderPair> encoders = open_run(run);
  const FeatureStore store(run.store);
  std::vector<VideoSource> sources;
  for (VideoRow& row : store.videos()) sources.push_back(std::move(row.source));
  const std::map<std::string, std::string> ids = video_ids_of(arguments.own_videos, sources);
  StepScorer scorer(store, *encoders);
  const Matrix embedded = scorer.embed(names);
  std::vector<PlacedStep> all;
  bool is_whole = true;
  for (const std::string& video : arguments.own_videos) {
    const auto id = ids.find(video);
    const std::optional<FrameScores> scored =
        id == ids.end() ? std::nullopt : scorer.scores(id->second, embedded);
    if (!scored) {
      warn(fmt::format("localize: {} has no features in {}", video, run.store.string()));
      is_whole = false;
      continue;
    }
    if (scored->scores.rows() < scored->scores.cols())
      warn(fmt::format("localize: {} has {} frames, fewer than the {} steps", video, scored->scores.rows(),
                       names.size()));
    std::vector<PlacedStep> steps;
    for (const StepPlace& place : place_steps(scored->scores, arguments.options)) {
      PlacedStep step{video_text(id->second),
                      "",
                      static_cast<std::int64_t>(steps.size()),
                      names[steps.size()],
                      std::nullopt,
                      static_cast<double>(place.score),
                      std::nullopt};
      if (place.frame != kNone)
        step.second = seconds(scored->times[static_cast<std::size_t>(place.frame)].start);
      steps.push_back(std::move(step));
    }
    print_video(arguments, id->second, steps);
    all.insert(all.end(), std::make_move_iterator(steps.begin()), std::make_move_iterator(steps.end()));
  }
  if (all.empty()) {
    throw Error(Fault::NotFound, run.store.string(), "it has features of none of these videos",
                "`pipeline store ls` lists those that it has");
  }
  write_csv(arguments, all);
  return is_whole ? kDone : kSomeVideosFailed;
}

int run_localize(const CLI::App& command, const LocalizeArguments& arguments) {
  if (arguments.crosstask.empty() == arguments.steps.empty())
    refuse("needs either --crosstask DIR or --steps FILE and videos",
           "pipeline localize --run RUN --steps steps.txt VIDEO");
  if (arguments.steps.empty() != arguments.own_videos.empty())
    refuse("--steps and videos go together", "pipeline localize --run RUN --steps steps.txt VIDEO");
  if (!arguments.from_scores.empty() &&
      (arguments.crosstask.empty() || !arguments.run.empty() || !arguments.checkpoint.empty()))
    refuse("--from-scores goes with --crosstask and without a model",
           "pipeline localize --from-scores DIR --crosstask DIR");
  return arguments.steps.empty() ? run_crosstask(command, arguments) : run_own_videos(command, arguments);
}

void add_localize_flags(CLI::App& command, LocalizeArguments& arguments) {
  auto* run = command.add_option("--run", arguments.run, "folder of a run, whose model is used")
                  ->check(CLI::ExistingDirectory)
                  ->transform(absolute_path());
  command
      .add_option("--checkpoint", arguments.checkpoint,
                  "checkpoint (.pth) instead of a run; flags provide the rest")
      ->check(CLI::ExistingFile)
      ->excludes(run);
  command
      .add_option("--encoder", arguments.encoder,
                  "folder of the encoder pair that the head of --run was trained on, if it has moved")
      ->transform(encoder_folder())
      ->needs(run);
  command
      .add_option("--store", arguments.store,
                  "feature store of the videos, or several by a pattern in quotes (default: the run's own)")
      ->check(existing_store());
  command
      .add_option("--lanes", arguments.lanes, "lanes to use with --checkpoint (default: all of the store)")
      ->delimiter(',');
  add_input_flags(command, arguments.input);
  command
      .add_option("--crosstask", arguments.crosstask,
                  "folder of CrossTask's release: tasks, videos, annotations/")
      ->check(CLI::ExistingDirectory);
  command
      .add_option(
          "--from-scores", arguments.from_scores,
          "folder of scores by any program instead of a model: TASK_VIDEO.npy or .csv, a row per second, "
          "a column per step")
      ->check(CLI::ExistingDirectory);
  add_choice(command, "--videos", arguments.videos, kCrossTaskSelections,
             "CrossTask's test videos, by seed 0, or all that are annotated");
  command
      .add_option("--steps", arguments.steps,
                  "file with the name of a step on each line, to find in VIDEO ...")
      ->check(CLI::ExistingFile);
  command.add_option("VIDEO", arguments.own_videos, "videos of the store, by name");
  add_choice(command, "--scores", arguments.options.scores, kStepScores,
             "what steps are placed by: similarity, or its log-softmax over the steps of a frame");
  add_choice(command, "--order", arguments.options.order, kStepOrders,
             "place steps in their order, or each at its best frame");
  command.add_option("--csv", arguments.csv, "write the second of every step to this CSV");
  command.add_flag("--json", arguments.json, "print JSON");
}

}  // namespace

void add_localize_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<LocalizeArguments>();
  CLI::App* const command = add_command(app, "localize");
  add_localize_flags(*command, *arguments);
  command->footer(
      "Examples: pipeline localize --run RUN --crosstask crosstask_release --store crosstask.db\n"
      "          pipeline localize --from-scores scores --crosstask crosstask_release\n"
      "          pipeline localize --run RUN --steps steps.txt VIDEO");
  command->callback([arguments, command, &exit_code] { exit_code = run_localize(*command, *arguments); });
}

}  // namespace tvr

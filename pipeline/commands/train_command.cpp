#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "data/error.h"
#include "data/store/choose_recipes.h"
#include "model/distributed/agreement.h"
#include "model/distributed/cores.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/group_work.h"
#include "pipeline/commands/head_flags.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/commands/train_options.h"
#include "pipeline/encoders/pretrained_pair.h"
#include "pipeline/learning/head_training.h"
#include "pipeline/learning/learn_step.h"
#include "pipeline/report/report_step.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/time_account.h"

namespace tvr {
namespace {

/// What a training learns from, and what it is evaluated on.
struct TrainingInput {
  std::optional<FeatureStore> store;
  std::vector<RecipeRow> lanes;
  DataSet data;
  LearningPlan plan;
  Splits splits;
};

TrainingInput captioned_input(const StoreRunOptions& options, const std::vector<EvalCaptions>& sets,
                              RunFolder& folder, Collective& group) {
  TrainingInput input;
  input.store.emplace(options.store);
  input.data = read_data(options.data, sources_of(*input.store), options.learn.train.seed);
  input.lanes = choose_recipes(*input.store, options.lanes, options.feature_recipes);
  input.plan = plan_learning(options.learn, input.data.train);
  input.splits = load_splits(folder, *input.store, input.lanes, input.data, sets, options.learn, group);
  return input;
}

TrainingInput narrated_input(const StoreRunOptions& options, const NarratedOptions& narrated,
                             const std::vector<EvalCaptions>& sets, RunFolder& folder, Collective& group) {
  TrainingInput input;
  if (!options.store.empty()) {
    input.store.emplace(options.store);
    input.lanes = choose_recipes(*input.store, options.lanes, options.feature_recipes);
    if (!options.data.dataset.annotations.empty())
      input.data = read_data(options.data, sources_of(*input.store), options.learn.train.seed);
  }
  auto videos = std::make_shared<const NarratedVideos>(
      narrated, open_features(narrated, options.store, input.lanes), options.learn.pooling);
  for (const std::string& note : videos->notes()) say("narrations: " + note);
  say(fmt::format("narrations: {} videos with {} lines", videos->count(), videos->line_count()));
  if (input.lanes.empty()) {
    for (const TimedLane& lane : videos->lanes()) input.lanes.push_back(lane.recipe);
  }
  input.plan = plan_learning(options.learn, *videos);
  input.splits = load_narrated_splits(folder, std::move(videos), input.store, input.lanes, input.data, sets,
                                      options.learn, group);
  return input;
}

/// Throws Error(InvalidArgument) for flags that do not go together.
void check(const StoreRunOptions& options, const NarratedOptions& narrated) {
  const bool folders = !narrated.features_2d.empty() || !narrated.features_3d.empty();
  if (narrated.narrations.empty() && (folders || !narrated.videos.empty())) {
    throw Error(Fault::InvalidArgument, "narrations", "no narrations are given",
                "Pass --narrations FILE, as `pipeline narrations import` writes it");
  }
  if (options.store.empty() && !folders) {
    throw Error(Fault::InvalidArgument, "train", "no feature store is given", "Pass --store FILE.db");
  }
  if (options.store.empty() && !options.data.dataset.annotations.empty()) {
    throw Error(Fault::InvalidArgument, "train", "the captions' clips have no features",
                "Pass the store that has them as --store FILE.db");
  }
  if (!options.store.empty() && folders) {
    throw Error(Fault::InvalidArgument, "features-2d", "there is a store too",
                "Give the features of the narrated videos once: --store, or --features-2d and --features-3d");
  }
}

/// Writes what a finished training leaves: run.json and, with a test split, metrics and report.
int finish(RunFolder& folder, const RunManifest& run, const TrainingInput& input, const Learned& learned,
           bool json, TimeAccount& time) {
  keep_manifest(folder.path(), run);
  if (learned.seeds.empty()) return kDone;
  write_text(folder.metrics(), learned.metrics);
  write_report(folder, {folder.path().filename().string(), read_text(folder.config()), run, *input.store,
                        input.lanes, input.data, learned});
  time.lap("report");
  std::vector<FurtherRow> further;
  if (learned.zero_shot)
    further.push_back({"zero-shot, without the head (text to video)", learned.zero_shot->t2v});
  fmt::print("{}", json ? learned.metrics : metrics_table(learned.seeds, learned.linear, further));
  std::fflush(stdout);  // before the last messages on stderr
  say("the report is " + folder.report().string());
  tell(time);
  return kDone;
}

/// Trains a head on a pretrained pair.
int run_head(StoreRunOptions options, const HeadFlags& flags, const CLI::App& command, RunFolder& folder,
             bool json) {
  TimeAccount time;
  const std::unique_ptr<PretrainedPair> pair = open_pretrained(flags.encoder);
  options.learn.pooling = pair->pooling();
  TrainingInput input;
  input.store.emplace(options.store);
  input.lanes =
      image_tower_first(choose_recipes(*input.store, options.lanes, options.feature_recipes), pair->id());
  input.data = read_data(options.data, sources_of(*input.store), flags.options.seed);
  Splits splits = load_sentence_splits(folder, *input.store, input.lanes, input.data, *pair);
  time.lap("text");
  const Learned learned =
      learn_head(folder, std::move(splits), flags.options, options.learn.seeds, pair->logit_scale(), time);
  const RunManifest run = record_of(
      command, {folder, options.store, input.lanes, options.data, options.learn, flags.encoder, pair->id()});
  return finish(folder, run, input, learned, json, time);
}

int run_train(const StoreRunOptions& options, const NarratedOptions& narrated,
              const std::vector<std::string>& sets, const CLI::App& command, RunFolder& folder, bool json,
              Collective& group) {
  TimeAccount time;
  std::vector<EvalSetOptions> parsed;
  for (const std::string& set : sets) parsed.push_back(parse_eval_set(set, options.store));
  const std::vector<EvalCaptions> captions = read_eval_sets(parsed);
  TrainingInput input = narrated.narrations.empty()
                            ? captioned_input(options, captions, folder, group)
                            : narrated_input(options, narrated, captions, folder, group);
  time.lap("words");
  if (group.rank() > 0) {
    help_to_learn(std::move(input.splits), input.plan, group);
    return kDone;
  }
  const Learned learned = learn(folder, std::move(input.splits), input.plan, time, group);
  const RunManifest run =
      record_of(command, {folder, options.store, input.lanes, options.data, options.learn});
  return finish(folder, run, input, learned, json, time);
}

/// What several processes do not share; and how many threads each has.
void prepare_for(Collective& group, StoreRunOptions& options, TextInput text) {
  if (group.size() == 1) return;
  if (text == TextInput::Encoder) {
    refuse(group, Error(Fault::Unsupported, "--text encoder", "a head is trained by one process",
                        "Start it without mpirun or srun"));
  }
  if (options.learn.train.gpu >= 0) {
    refuse(group,
           Error(Fault::Unsupported, "--train-device cuda", "several processes train on processors alone",
                 "Use --train-device cpu, or one process"));
  }
  const int cores = cores_of_member(group);
  if (options.learn.train.threads == 0) options.learn.train.threads = cores;
  say(fmt::format("train: {} processes, this one with {} threads", group.size(),
                  options.learn.train.threads));
}

void add_narration_flags(CLI::App& command, NarratedOptions& options) {
  const std::string group = "Narrations";
  const auto file = [&](const char* flag, std::filesystem::path& path, const char* help) {
    command.add_option(flag, path, help)->check(CLI::ExistingFile)->transform(absolute_path())->group(group);
  };
  const auto folder = [&](const char* flag, std::filesystem::path& path, const char* help) {
    command.add_option(flag, path, help)
        ->check(CLI::ExistingDirectory)
        ->transform(absolute_path())
        ->group(group);
  };
  file("--narrations", options.narrations,
       "train on narrated videos instead of captions: a file that `pipeline narrations import` has written");
  file("--narrated-videos", options.videos,
       "CSV of the videos to use (HowTo100M_v1.csv: video_id,...,rank,...[,path]); default: all that are "
       "narrated");
  command.add_option("--max-rank", options.max_rank, "use the videos of this rank or a lower one; 0: all")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str()
      ->group(group);
  folder("--features-2d", options.features_2d,
         "folder of .npy files [seconds, columns] instead of a store, one row per second");
  folder("--features-3d", options.features_3d, "the same with 1.5 rows per second");
  command
      .add_option("--min-time", options.min_time,
                  "seconds of a clip at least: a line is joined with its neighbours until it is as long")
      ->check(number_within(-1, 86'400))
      ->capture_default_str()
      ->group(group);
  command.add_option("--min-words", options.min_words, "words of a clip at least, in the same way")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--candidates", options.candidates,
                  "with --loss mil-nce: lines around the drawn one that may describe its clip")
      ->check(CLI::Range(1, 100))
      ->capture_default_str()
      ->group(group);
}

}  // namespace

void add_train_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StoreRunOptions>();
  auto narrated = std::make_shared<NarratedOptions>();
  auto head = std::make_shared<HeadFlags>();
  auto sets = std::make_shared<std::vector<std::string>>();
  auto out = std::make_shared<std::filesystem::path>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = add_command(app, "train");
  command->add_option("--out", *out, "folder for the results")->required()->transform(absolute_path());
  command
      ->add_option("--seed", options->learn.train.seed,
                   "seed of the initial weights, the order of clips and the choice of captions")
      ->capture_default_str();
  add_store_flags(*command, *options);
  add_narration_flags(*command, *narrated);
  add_learn_flags(*command, options->learn);
  add_head_flags(*command, *head);
  command
      ->add_option("--eval", *sets,
                   "a further data set to evaluate before the first epoch and after each: "
                   "NAME=ANNOTATIONS[,TEST.csv][@STORE.db]; may be repeated")
      ->transform(CLI::Validator(
          [](std::string& set) {
            set = with_absolute_paths(set);
            return std::string();
          },
          ""))
      ->group("Captions");
  command->add_flag("--json", *json, "print the metrics as JSON")->configurable(false);
  command->footer(
      "Example: pipeline train --store clips.db --captions captions.csv --out trial\n"
      "         pipeline train --text encoder --encoder clip-vit-base-patch32 --store clips.db \\\n"
      "                        --captions captions.csv --val-fraction 0.1 --out head");
  command->callback([options, narrated, head, sets, out, json, command, &exit_code] {
    work_in_group([&](Collective& group) {
      apply_training_preset(*command);
      complete_head(*command, *head);
      complete_from_checkpoint(*command, options->learn);
      check(*options, *narrated);
      prepare_for(group, *options, head->text);
      RunFolder folder(*out);
      Descriptor lock;
      if (group.rank() == 0) {  // which alone writes to the folder
        lock = folder.lock();
        write_text(folder.config(), toml_of(*command));
      }
      exit_code = head->text == TextInput::Encoder
                      ? run_head(*options, *head, *command, folder, *json)
                      : run_train(*options, *narrated, *sets, *command, folder, *json, group);
    });
  });
}

}  // namespace tvr

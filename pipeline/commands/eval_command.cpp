#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "data/error.h"
#include "data/store/choose_recipes.h"
#include "model/hubness.h"
#include "pipeline/commands/checkpoint_table.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/options.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/commands/train_options.h"
#include "pipeline/encoders/run_encoder.h"
#include "pipeline/learning/cautions.h"
#include "pipeline/learning/comparison.h"
#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"
#include "pipeline/learning/linear_step.h"
#include "pipeline/learning/retrieval_files.h"
#include "pipeline/run/run_folder.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr std::size_t kWordsShown = 10;

struct EvalOptions {
  std::filesystem::path run;
  std::filesystem::path encoder;               // folder of a pretrained pair, a subject or the run's
  std::string checkpoint;                      // a file, or a glob of several
  std::vector<std::string> sets;               // further data sets: parse_eval_set()
  std::vector<std::filesystem::path> compare;  // folders of two runs or more
  StoreRunOptions given;                       // features, captions and words
  Ties ties = Ties::Average;
  std::filesystem::path ranks, trec_run, trec_qrels;
  bool dual_softmax = false, querybank = false;
  bool json = false, latex = false, csv = false;
};

void add_eval_flags(CLI::App& command, EvalOptions& options) {
  auto* run =
      command
          .add_option("--run", options.run, "folder of a run; its run.json provides all that no flag sets")
          ->check(CLI::ExistingDirectory);
  auto* checkpoint =
      command.add_option("--checkpoint", options.checkpoint,
                         "checkpoint (.pth) instead of a run, or with --eval several by a pattern "
                         "('epochs/e*.pth'); flags provide the rest");
  run->excludes(checkpoint);
  command
      .add_option(
          "--encoder", options.encoder,
          "folder of a pretrained encoder pair: without a run it is evaluated itself, and flags provide "
          "the rest; with one it says where the encoder is that the run's head was trained on")
      ->transform(encoder_folder())
      ->excludes(checkpoint);
  command
      .add_option(
          "--eval", options.sets,
          "data set to evaluate checkpoints on: NAME=ANNOTATIONS[,TEST.csv][@STORE.db]; may be repeated")
      ->needs(checkpoint);
  command
      .add_option("--compare", options.compare,
                  "folders of two runs or more: one table, with significance tests against the first on "
                  "the same queries, over all their seeds")
      ->expected(2, 1000)
      ->check(CLI::ExistingDirectory);
  add_choice(command, "--ties", options.ties, kTies, "how equal similarities are ranked");
  command.add_option("--ranks", options.ranks, "write the rank of every query to this CSV");
  command.add_option("--trec-run", options.trec_run, "write the text-to-video rankings as a TREC run");
  command.add_option("--trec-qrels", options.trec_qrels,
                     "write the correct clip of every caption as TREC qrels");
  command.add_flag("--dsl", options.dual_softmax,
                   "add a row of text-to-video metrics by dual softmax over all test queries (transductive)");
  command.add_flag("--qb-norm", options.querybank,
                   "add a row of text-to-video metrics by QB-Norm, whose bank are the training captions");
  command.add_flag("--json", options.json, "print the metrics as JSON");
  command.add_flag("--latex", options.latex, "print the comparison as a LaTeX table (booktabs)");
  command.add_flag("--csv", options.csv, "print the comparison as CSV: a line per run, direction and metric");
  add_store_flags(command, options.given);
  add_input_flags(command, options.given.learn);
  command.get_option("--word-vectors")
      ->description("word vectors of the training; needed with --checkpoint, and where a run's have moved");
}

/// The test queries of a run and their results: one evaluation per training, of which the first alone keeps
/// its embeddings.
struct Answers {
  Pairs test;
  std::vector<Evaluation> seeds;
  std::optional<Evaluation> linear;                       // of the run's linear baseline, without embeddings
  std::vector<RetrievalMetrics> dual_softmax, querybank;  // text to video, of each seed; empty: not wanted
  std::vector<std::string> findings;                      // caveats about the metrics, one sentence each
};

void tell_unknown_words(const EncodedText& text) {
  std::map<std::string, int> captions_with;
  std::size_t affected = 0, lost = 0;
  for (std::size_t i = 0; i < text.unknown.size(); ++i) {
    affected += text.unknown[i].empty() ? 0 : 1;
    lost += text.understood[i] ? 0 : 1;
    for (const std::string& word : text.unknown[i]) ++captions_with[word];
  }
  if (lost == text.unknown.size() && lost > 0) {
    throw Error(Fault::Mismatch, "text", "the model knows no word of the test captions",
                "Give captions in the language that it was trained on");
  }
  std::string words;
  std::vector<std::pair<std::string, int>> order(captions_with.begin(), captions_with.end());
  std::stable_sort(order.begin(), order.end(), [](auto& a, auto& b) { return a.second > b.second; });
  for (std::size_t i = 0; i < std::min(order.size(), kWordsShown); ++i) {
    words += fmt::format("{}{} {}", i == 0 ? ", most frequent: " : ", ", order[i].first, order[i].second);
  }
  say(fmt::format("text: {} of {} test captions have words that the model does not know{}", affected,
                  text.unknown.size(), words));
  if (lost > 0) say(fmt::format("text: {} test captions have no known word", lost));
}

/// Throws Error(NotFound) for captions or a list of test videos that do not exist.
void require_data(const DatasetSpec& data) {
  const auto require = [](const std::filesystem::path& file, const char* seen, const char* advice) {
    if (!file.empty() && !std::filesystem::exists(file)) {
      throw Error(Fault::NotFound, file.string(), seen, advice);
    }
  };
  require(
      data.annotations, "the captions that the run was tested on were not found",
      "Name them with --annotations FILE or --captions FILE.csv, and the list of test videos, if there is "
      "one, with --test FILE.csv");
  require(data.test, "the list of the run's test videos was not found", "Name it with --test FILE.csv");
}

Pairs test_of(const RunManifest& run, const EncoderPair& encoders) {
  const FeatureStore store(run.store);
  DataOptions options = run.data;
  options.dataset.test_only = true;
  const DataSet data = read_data(options, sources_of(store), run.seed);
  LeftOut left_out;
  Pairs test = load_pairs(store, encoders.lanes_in(store), data.test, encoders.pooling(), left_out);
  for (const std::string& sentence : sentences_of(left_out)) warn(sentence);
  return test;
}

/// Whether the test clips are new to the run: a finding, or empty. Older runs do not say what they know.
std::string finding_on(const RunManifest& run, const std::string& name, const std::vector<ClipRef>& test) {
  const std::filesystem::path& list = run.training_videos.file;
  if (list.empty()) return {};
  if (!std::filesystem::exists(list)) {
    return fmt::format("{} is not there: whether {} was trained on test clips is not known", list.string(),
                       name);
  }
  (void)required_content(run.training_videos, "list of training videos");
  return clips_known_from_training(read_text(list), test, name);
}

/// The training captions of a run.
std::vector<std::string> bank_of(const RunManifest& run) {
  const DataSet data = read_data(run.data, sources_of(FeatureStore(run.store)), run.seed);
  std::vector<std::string> captions = texts_of(data.train);
  if (!captions.empty()) return captions;
  throw Error(Fault::NotFound, "--qb-norm", "the data set has no training captions to make its bank of",
              "Name the captions that the run was trained on with --annotations or --captions, and --train");
}

/// Adds the metrics that are corrected for hubs, of one training.
void add_corrected(EncoderPair& encoders, const Evaluation& evaluation, const std::vector<std::string>& bank,
                   const EvalOptions& options, Answers& answers) {
  const std::vector<std::int32_t>& clip_of = answers.test.pairs.clip_of;
  if (options.dual_softmax) {
    answers.dual_softmax.push_back(summarize(
        dual_softmax_ranks(evaluation.text, evaluation.video, clip_of, kDualSoftmaxScale, options.ties)));
  }
  if (options.querybank) {
    answers.querybank.push_back(
        summarize(querybank_ranks(evaluation.text, evaluation.video, clip_of, encoders.embed_text(bank).rows,
                                  kQuerybankBeta, options.ties)));
  }
}

/// Evaluates trainings that differ in their checkpoint alone. `name`: what the run is called in findings.
Answers answers_of(const std::vector<RunManifest>& trainings, const EvalOptions& options,
                   const std::string& name) {
  require_data(trainings.front().data.dataset);
  Answers answers;
  std::vector<std::string> bank;
  if (options.querybank) bank = bank_of(trainings.front());
  for (const RunManifest& run : trainings) {
    const bool first = answers.seeds.empty();
    const std::unique_ptr<EncoderPair> encoders = open_run(run);
    if (first) answers.test = test_of(run, *encoders);
    EncodedText text = encoders->embed_text(answers.test.captions);
    if (first) tell_unknown_words(text);
    const PairData& pairs = answers.test.pairs;
    answers.seeds.push_back(
        evaluate(std::move(text.rows), encoders->embed_video(pairs.clips), pairs, options.ties));
    add_corrected(*encoders, answers.seeds.back(), bank, options, answers);
    if (!first) answers.seeds.back().text = answers.seeds.back().video = Matrix();
  }
  if (const std::optional<LinearEncoder> linear = open_linear_baseline(trainings.front()))
    answers.linear = evaluate_linear(*linear, answers.test, options.ties);
  else if (!trainings.front().linear.file.empty())
    warn(trainings.front().linear.file.string() + " is gone: there is no linear model to compare with");
  std::string finding = finding_on(trainings.front(), name, answers.test.clips);
  if (!finding.empty()) answers.findings.push_back(std::move(finding));
  return answers;
}

/// The recipes of a store's lanes that `lanes` names; empty: of all its lanes.
std::vector<Recipe> recipes_in(const std::filesystem::path& store, const std::vector<std::string>& lanes,
                               const std::vector<std::string>& feature_recipes) {
  std::vector<Recipe> recipes;
  for (const RecipeRow& row : choose_recipes(FeatureStore(store), lanes, feature_recipes)) {
    recipes.push_back(row.recipe);
  }
  return recipes;
}

/// The run's data set, overridden by flags. Flags that name other captions replace all of it, lists included.
DataOptions data_of_run(const CLI::App& command, const DataOptions& given, DataOptions data) {
  const auto said = [&](const char* flag) { return command.count(flag) > 0; };
  if (said("--annotations") || said("--captions")) {
    if (!data.dataset.test.empty() && given.dataset.test.empty())
      warn("the run was tested on the videos of a list; without --test other queries are evaluated");
    return given;
  }
  if (said("--train")) data.dataset.train = given.dataset.train;
  if (said("--val")) data.dataset.val = given.dataset.val;
  if (said("--test")) data.dataset.test = given.dataset.test;
  if (said("--test-fraction")) data.dataset.split.test_fraction = given.dataset.split.test_fraction;
  if (said("--legacy-quotes")) data.dataset.legacy_quotes = given.dataset.legacy_quotes;
  if (said("--val-fraction")) data.val_fraction = given.val_fraction;
  // Only the test split is used here, and it does not depend on the other lists.
  for (std::filesystem::path* list : {&data.dataset.train, &data.dataset.val}) {
    if (!std::filesystem::exists(*list)) list->clear();
  }
  return data;
}

/// The run in `folder`, overridden by flags.
RunManifest run_in(const std::filesystem::path& folder, const CLI::App& command, const EvalOptions& options) {
  const StoreRunOptions& given = options.given;
  RunManifest run = read_run(folder, given.store, given.learn.word_vectors);
  if (!given.store.empty()) run.store = given.store;
  if (!given.learn.word_vectors.empty()) {
    run.word_vectors = given.learn.word_vectors;
    run.word_vectors_content.clear();
  }
  move_encoder(run, options.encoder);
  if (command.count("--pooling") > 0) run.pooling = given.learn.pooling;
  if (command.count("--max-words") > 0) run.max_words = given.learn.train.max_words;
  if (!given.lanes.empty() || !given.feature_recipes.empty()) {
    std::vector<std::string> lanes = given.lanes;
    if (lanes.empty()) {
      for (const Recipe& lane : run.lanes) lanes.push_back(lane.lane);
    }
    run.lanes = recipes_in(run.store, lanes, given.feature_recipes);
  }
  run.data = data_of_run(command, given.data, run.data);
  return run;
}

/// The networks of the run's further seeds, which an older run.json does not list.
std::vector<std::vector<ModelFile>> further_seeds_of(const std::filesystem::path& folder,
                                                     const RunManifest& run) {
  if (!run.further_seeds.empty()) return run.further_seeds;
  constexpr std::uint64_t kMostSeeds = 1000;
  std::uint64_t seeds = 1;
  if (const auto found = run.training.find("seeds"); found != run.training.end()) {
    const std::string& number = found->second;
    std::from_chars(number.data(), number.data() + number.size(), seeds);
  }
  std::vector<std::vector<ModelFile>> further;
  for (std::uint64_t i = 1; i < std::min(seeds, kMostSeeds); ++i) {
    further.push_back(run.networks);
    for (ModelFile& network : further.back())
      network = {RunFolder(folder).path_of_seed(run.seed + i) / network.file.lexically_relative(folder), {}};
  }
  return further;
}

/// The trainings of the run in `folder`: itself, and one per further seed, of which all or none are there.
std::vector<RunManifest> trainings_of(const std::filesystem::path& folder, const RunManifest& run) {
  std::vector<RunManifest> trainings = {run};
  for (std::vector<ModelFile>& networks : further_seeds_of(folder, run)) {
    const bool whole = std::all_of(networks.begin(), networks.end(), [](const ModelFile& network) {
      return std::filesystem::exists(network.file);
    });
    if (!whole) {
      warn(fmt::format("{} has no checkpoint of seed {}: its first seed alone is evaluated", folder.string(),
                       run.seed + trainings.size()));
      return {run};
    }
    trainings.push_back(run);
    trainings.back().networks = std::move(networks);
  }
  return trainings;
}

/// Whether it lies in a run whose model is more than one network.
bool is_part_of_a_model(const std::filesystem::path& checkpoint) {
  try {
    const std::optional<RunManifest> run = run_of(std::filesystem::absolute(checkpoint));
    return run && (run->networks.size() > 1 || run->linear_weight + run->kernel_weight > 0);
  } catch (const Error&) {  // a run.json of something else, or a damaged one: it is not needed here
    return false;
  }
}

/// A checkpoint, with everything else given by flags.
RunManifest run_of_checkpoint(const EvalOptions& options) {
  const StoreRunOptions& given = options.given;
  if (given.store.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "no feature store is given",
                "Pass --store FILE.db, or --run FOLDER");
  }
  if (given.learn.word_vectors.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "no word vectors are given",
                "Pass --word-vectors FILE, the file that the checkpoint was trained with");
  }
  if (is_part_of_a_model(options.checkpoint))
    warn("the checkpoint is one network of a run whose model has more: --run FOLDER evaluates all of it");
  RunManifest run;
  run.lanes = recipes_in(given.store, given.lanes, given.feature_recipes);
  run.store = given.store;
  if (!std::filesystem::is_regular_file(options.checkpoint)) {
    throw Error(Fault::NotFound, options.checkpoint, "there is no such checkpoint",
                "Name a checkpoint (.pth); a pattern of several goes with --eval NAME=ANNOTATIONS");
  }
  run.networks = {{options.checkpoint, {}}};
  run.word_vectors = given.learn.word_vectors;
  run.pooling = given.learn.pooling;
  run.max_words = given.learn.train.max_words;
  run.data = given.data;
  run.seed = 0;
  return run;
}

/// A pretrained pair, with everything else given by flags.
RunManifest run_of_encoder(const CLI::App& command, const EvalOptions& options) {
  if (options.given.store.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "no feature store is given",
                "Pass --store FILE.db, the index that `pipeline index` made of the videos");
  }
  RunManifest run;
  run.encoder = options.encoder;
  run.store = options.given.store;
  run.data = options.given.data;
  const bool cut = command.count("--test-videos") + command.count("--test-fraction") > 0;
  if (!cut) run.data.dataset.split.test_fraction = 1;  // nothing is trained: all captions are for the test
  run.seed = 0;
  return run;
}

/// What is evaluated.
std::vector<RunManifest> subjects_of(const CLI::App& command, const EvalOptions& options) {
  if (options.run.empty() && !options.encoder.empty()) return {run_of_encoder(command, options)};
  if (!options.checkpoint.empty()) return {run_of_checkpoint(options)};
  return trainings_of(options.run, run_in(options.run, command, options));
}

/// Rankings are of one model: that of the first seed.
void write_files(const EvalOptions& options, const Answers& answers) {
  const Evaluation& evaluation = answers.seeds.front();
  if (answers.seeds.size() > 1 && !(options.ranks.empty() && options.trec_run.empty())) {
    say("eval: the rankings are those of the first seed");
  }
  if (!options.ranks.empty()) {
    if (options.ties == Ties::Legacy) {
      throw Error(Fault::InvalidArgument, "ranks", "legacy ties give a query several ranks",
                  "Use --ties average");
    }
    write_text(options.ranks, ranks_csv(answers.test, evaluation));
  }
  if (!options.trec_run.empty()) write_text(options.trec_run, trec_run(answers.test, evaluation));
  if (!options.trec_qrels.empty()) write_text(options.trec_qrels, trec_qrels(answers.test));
}

/// Each run is evaluated as its run.json says; flags may only say where its captions and features are now.
/// Any other flag would be ignored silently.
void require_only_compare_flags(const CLI::App& command) {
  const std::set<std::string> meant = {"--compare",       "--ties",         "--json",         "--latex",
                                       "--csv",           "--store",        "--annotations",  "--captions",
                                       "--train",         "--val",          "--test",         "--test-videos",
                                       "--test-fraction", "--val-fraction", "--word-vectors", "--encoder"};
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || meant.count(option->get_name()) != 0) continue;
    throw Error(Fault::InvalidArgument, option->get_name(), "it cannot be used with --compare",
                "All runs are evaluated as their run.json says");
  }
}

/// A configuration file may say that a flag is not set, which CLI11's own rules would take for using it.
void require_one_form(const EvalOptions& options) {
  if (options.json + options.latex + options.csv > 1) {
    throw Error(Fault::InvalidArgument, "eval", "--json, --latex and --csv are three forms of one result",
                "Name one of them");
  }
  if ((options.latex || options.csv) && options.compare.empty()) {
    throw Error(Fault::InvalidArgument, options.latex ? "--latex" : "--csv", "it is a form of a comparison",
                "Name runs with --compare, or use --json");
  }
}

/// Prints the result as JSON or, where that is null, as a table, with the findings.
void print(nlohmann::json json, const std::string& table, const std::vector<std::string>& findings) {
  if (json.is_null()) {
    fmt::print("{}", table);
    for (const std::string& finding : findings) fmt::print("{}\n", printable(finding));
    return;
  }
  if (!findings.empty()) json["findings"] = findings;
  // The model's own metrics come first: a reader that takes the first it finds must not get the baseline's.
  nlohmann::ordered_json ordered;
  if (json.contains("test")) ordered["test"] = json["test"];
  ordered.update(nlohmann::ordered_json(json));
  fmt::print("{}\n", ordered.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

/// What run.json says of how and on what a run was trained.
RunFacts facts_of(const std::string& name, const RunManifest& run) {
  const auto value = [](const std::map<std::string, std::string>& values, const char* key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string() : found->second;
  };
  RunFacts facts{name, value(run.training, "training-preset"), {}, value(run.made, "commit")};
  if (!run.encoder.empty()) facts.recipe = "head on " + run.encoder.filename().string();
  const DatasetSpec& dataset = run.data.dataset;
  facts.data = dataset.format;
  for (const std::filesystem::path* const file : {&dataset.annotations, &dataset.test})
    if (!file->empty()) facts.data += " " + file->filename().string();
  return facts;
}

int run_compare(const CLI::App& command, const EvalOptions& options) {
  require_only_compare_flags(command);
  Comparison comparison;
  Pairs queries;
  std::vector<Evaluation> first;
  std::vector<std::string> findings;
  std::set<std::string> told;
  for (const std::filesystem::path& folder : options.compare) {
    const std::string name = folder.string();
    say("eval: " + name);
    const std::vector<RunManifest> trainings = trainings_of(folder, run_in(folder, command, options));
    Answers answers = answers_of(trainings, options, name);
    if (first.empty()) queries = answers.test;
    require_same_queries(queries, answers.test);
    comparison.push_back(compared(facts_of(name, trainings.front()), answers.seeds, first));
    if (first.empty()) first = std::move(answers.seeds);
    if (told.insert(name).second)
      findings.insert(findings.end(), answers.findings.begin(), answers.findings.end());
  }
  if (options.latex || options.csv) {
    for (const std::string& finding : findings) warn(finding);
    fmt::print("{}", options.latex ? comparison_latex(comparison) : comparison_csv(comparison));
    return kDone;
  }
  print(options.json ? json_of(comparison) : nlohmann::json(), comparison_table(comparison), findings);
  return kDone;
}

/// Several checkpoints on several data sets.
int run_checkpoints(const EvalOptions& options) {
  std::vector<EvalSetOptions> sets;
  for (const std::string& set : options.sets) sets.push_back(parse_eval_set(set, options.given.store));
  const std::vector<EvalSetRow> rows =
      evaluate_checkpoints(checkpoints_matching(options.checkpoint), sets, options.given);
  fmt::print("{}", options.json ? json_of(rows) : eval_set_table("checkpoint", rows));
  return kDone;
}

int run_eval(const CLI::App& command, const EvalOptions& options) {
  require_one_form(options);
  if (!options.compare.empty()) return run_compare(command, options);
  if (!options.sets.empty()) return run_checkpoints(options);
  if (options.run.empty() && options.checkpoint.empty() && options.encoder.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "needs --run, --checkpoint, --encoder or --compare",
                "Pass --run FOLDER, for example");
  }
  const std::vector<RunManifest> trainings = subjects_of(command, options);
  const Answers answers = answers_of(trainings, options, "this run");
  write_files(options, answers);
  nlohmann::json metrics;
  if (options.json) {
    metrics = seeds_json(answers.seeds, trainings.front().seed);
    metrics["ties"] = kTies.name(options.ties);
    if (answers.linear) metrics["linear"] = json_of(*answers.linear);
  }
  std::vector<FurtherRow> further;
  const auto add = [&](const char* key, const char* title, const std::vector<RetrievalMetrics>& seeds) {
    if (seeds.empty()) return;
    further.push_back({title, spread_of(seeds).mean});
    if (options.json) metrics[key]["t2v"] = json_of(further.back().t2v);
  };
  add("dual_softmax_transductive", "dual softmax, transductive (text to video)", answers.dual_softmax);
  add("qb_norm", "QB-Norm (text to video)", answers.querybank);
  print(std::move(metrics), metrics_table(answers.seeds, answers.linear, further), answers.findings);
  return kDone;
}

}  // namespace

void add_eval_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = add_command(app, "eval");
  add_eval_flags(*command, *options);
  command->footer(
      "Example: pipeline eval --run trial --ties pessimistic --ranks ranks.csv\n"
      "         pipeline eval --compare trial-a trial-b trial-c --latex");
  command->callback([options, command, &exit_code] { exit_code = run_eval(*command, *options); });
}

}  // namespace tvr

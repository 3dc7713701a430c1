#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "data/error.h"
#include "data/store/choose_recipes.h"
#include "data/tensors/tensor_file.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/train_options.h"
#include "pipeline/learning/comparison.h"
#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"
#include "pipeline/learning/retrieval_files.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

struct EvalOptions {
  std::filesystem::path run, checkpoint;
  std::vector<std::filesystem::path> compare;  // two folders of runs
  StoreRunOptions made_with;                   // features, captions and words
  std::string ties = "average";
  std::filesystem::path ranks, trec_run, trec_qrels;
  bool json = false;
};

void add_eval_flags(CLI::App& command, EvalOptions& options) {
  auto* run =
      command.add_option("--run", options.run, "folder of a run: its config.toml stands in for flags")
          ->check(CLI::ExistingDirectory);
  auto* checkpoint = command.add_option("--checkpoint", options.checkpoint, "or a .pth of its weights")
                         ->check(CLI::ExistingFile);
  run->excludes(checkpoint);
  command.add_option("--compare", options.compare, "two folders of runs: a paired test on the same queries")
      ->expected(2)
      ->check(CLI::ExistingDirectory);
  command.add_option("--ties", options.ties, "how equal similarities rank")
      ->check(CLI::IsMember({"average", "optimistic", "pessimistic", "legacy"}))
      ->capture_default_str();
  command.add_option("--ranks", options.ranks, "write the rank of every query to this CSV");
  command.add_option("--trec-run", options.trec_run, "write the rankings, text to video, for TREC's tools");
  command.add_option("--trec-qrels", options.trec_qrels, "and the right answers");
  command.add_flag("--json", options.json, "print the metrics as JSON");
  add_store_flags(command, options.made_with);
  add_input_flags(command, options.made_with.learn);
}

/// What a run answers to its test queries.
struct Answers {
  Pairs test;
  Evaluation evaluation;
};

Answers answers_of(const EvalOptions& options, const std::filesystem::path& checkpoint) {
  const StoreRunOptions& made = options.made_with;
  if (made.store.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "no store is named", "Pass --store FILE.db, or --run FOLDER");
  }
  if (made.learn.word_vectors.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "no word vectors are named",
                "Pass --word-vectors FILE, the one the checkpoint was trained with");
  }
  const FeatureStore store(made.store);
  const DataSet data = read_data(made.data, sources_of(store), 0);
  const WordTable words = words_of(data, made.learn.word_vectors);
  if (!data.test.empty()) say("text: " + sentence_of(coverage_of(data.test, words), "test"));
  const std::vector<RecipeRow> lanes = choose_recipes(store, made.lanes, made.feature_recipes);
  std::vector<std::string> left_out;
  Answers answers;
  answers.test = load_pairs(store, lanes, data.test, words,
                            {pooling_named(made.learn.pooling), made.learn.train.max_words}, left_out);
  if (!left_out.empty()) {
    warn(fmt::format("{} clips have no features in the store and are left out, {} for one", left_out.size(),
                     left_out.front()));
  }
  const JointEmbedding model(read_weights(checkpoint), made.learn.train.max_words);
  answers.evaluation = evaluate(model, answers.test, words, ties_named(options.ties));
  return answers;
}

/// Fills in what the run in `folder` was made with; returns its checkpoint.
std::filesystem::path complete_from_run(CLI::App& command, const std::filesystem::path& folder) {
  give_defaults_of_run(command, folder);
  const RunFolder run(folder);
  if (std::filesystem::exists(run.words())) give_default(command, "--word-vectors", run.words().string());
  return run.checkpoint();
}

/// Of a run as its own config.toml says.
Answers answers_of_run(const std::filesystem::path& folder, const std::string& ties) {
  EvalOptions options;
  CLI::App command;
  add_eval_flags(command, options);
  const std::filesystem::path checkpoint = complete_from_run(command, folder);
  options.ties = ties;
  say("eval: " + folder.string());
  return answers_of(options, checkpoint);
}

void write_files(const EvalOptions& options, const Answers& answers) {
  if (!options.ranks.empty()) {
    if (options.ties == "legacy") {
      throw Error(Fault::InvalidArgument, "ranks", "legacy ties give a query several ranks",
                  "Use --ties average");
    }
    write_text(options.ranks, ranks_csv(answers.test, answers.evaluation));
  }
  if (!options.trec_run.empty()) write_text(options.trec_run, trec_run(answers.test, answers.evaluation));
  if (!options.trec_qrels.empty()) write_text(options.trec_qrels, trec_qrels(answers.test));
}

/// Each run is evaluated as its config.toml says: other flags would be passed over in silence.
void require_only_compare_flags(const CLI::App& command) {
  const std::set<std::string> meant = {"--compare", "--ties", "--json"};
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || meant.count(option->get_name()) != 0) continue;
    throw Error(Fault::InvalidArgument, option->get_name(), "it has no meaning with --compare",
                "Both runs are evaluated as their config.toml says");
  }
}

int run_compare(const CLI::App& command, const EvalOptions& options) {
  require_only_compare_flags(command);
  const Answers a = answers_of_run(options.compare[0], options.ties);
  const Answers b = answers_of_run(options.compare[1], options.ties);
  require_same_queries(a.test, b.test);
  const Comparison comparison = compare(a.evaluation, b.evaluation);
  if (options.json) {
    fmt::print("{}\n", json_of(comparison).dump(2));
  } else {
    fmt::print("{}", comparison_table(comparison));
  }
  return kDone;
}

int run_eval(CLI::App& command, const EvalOptions& options) {
  if (!options.compare.empty()) return run_compare(command, options);
  if (options.run.empty() && options.checkpoint.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "needs --run, --checkpoint or --compare",
                "Pass --run FOLDER, say");
  }
  const std::filesystem::path checkpoint =
      options.run.empty() ? options.checkpoint : complete_from_run(command, options.run);
  Answers answers = answers_of(options, checkpoint);
  write_files(options, answers);
  if (options.json) {
    const nlohmann::json metrics = {{"test", json_of(answers.evaluation)}, {"ties", options.ties}};
    fmt::print("{}\n", metrics.dump(2));
  } else {
    std::vector<Evaluation> only;
    only.push_back(std::move(answers.evaluation));  // a copy might not fit beside it
    fmt::print("{}", metrics_table(only));
  }
  return kDone;
}

}  // namespace

void add_eval_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "Metrics of a checkpoint, or two runs compared");
  add_eval_flags(*command, *options);
  command->footer(
      "Example: pipeline eval --run trial --ties pessimistic --ranks ranks.csv\n"
      "         pipeline eval --compare trial-a trial-b");
  command->callback([options, command, &exit_code] { exit_code = run_eval(*command, *options); });
}

}  // namespace tvr

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "data/error.h"
#include "data/tensor_file.h"
#include "pipeline/command.h"
#include "pipeline/console.h"
#include "pipeline/learn_step.h"
#include "pipeline/recipes.h"
#include "pipeline/report_step.h"

namespace tvr {
namespace {

/// `pipeline train` and `pipeline eval`: the cheap side alone, on a store.
struct StoreOptions {
  std::filesystem::path store, out, run, checkpoint;
  std::vector<std::string> lanes, recipes;
  DataOptions data;
  LearnOptions learn;
  std::string ties = "average";
  bool json = false;
};

std::vector<VideoSource> sources_of(const FeatureStore& store) {
  std::vector<VideoSource> sources;
  for (VideoRow& row : store.videos()) sources.push_back(std::move(row.source));
  return sources;
}

/// A sentence about clips without features, which is also said; none where there is none.
std::vector<std::string> say_left_out(const std::vector<std::string>& left_out) {
  if (left_out.empty()) return {};
  const std::string finding =
      fmt::format("{} clips have no features in the store and are left out, {} for one", left_out.size(),
                  left_out.front());
  warn(finding);
  return {finding};
}

int report_metrics(const StoreOptions& options, const Evaluation& evaluation) {
  fmt::print("{}", options.json ? metrics_json(evaluation, "test") : metrics_table(evaluation));
  return kDone;
}

int run_train(const StoreOptions& options) {
  FeatureStore store(options.store);
  RunFolder folder(options.out);
  const DataSet data = read_data(options.data, sources_of(store), options.learn.train.seed);
  const WordTable words = words_for(data, options.learn, folder);
  const std::vector<RecipeRow> lanes = choose_recipes(store, options.lanes, options.recipes);
  const int max_words = options.learn.train.max_words;
  std::vector<std::string> left_out;
  const Pairs train = load_pairs(store, lanes, data.train, words, max_words, left_out);
  const Pairs val = load_pairs(store, lanes, data.val, words, max_words, left_out);
  const Pairs test = load_pairs(store, lanes, data.test, words, max_words, left_out);
  const std::vector<std::string> findings = say_left_out(left_out);
  train_into(folder, train, val, words, options.learn.train);
  if (test.captions.empty()) {
    say("train: no test split, the checkpoint is " + folder.checkpoint().string());
    return kDone;
  }
  const JointEmbedding model(read_weights(folder.checkpoint()), max_words);
  const Evaluation evaluation = evaluate(model, test, words, Ties::Average);
  write_text(folder.metrics(), metrics_json(evaluation, "test"));
  write_report(folder,
               {folder.path().filename().string(), read_text(folder.config()), findings, options.store, store,
                lanes, data, options.data, options.learn, words, test, evaluation});
  say("the report is " + folder.report().string());
  return report_metrics(options, evaluation);
}

int run_eval(const StoreOptions& options) {
  if (options.run.empty() == options.checkpoint.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "needs one of --run and --checkpoint",
                "Pass --run FOLDER, say");
  }
  FeatureStore store(options.store);
  const DataSet data = read_data(options.data, sources_of(store), options.learn.train.seed);
  LearnOptions learn = options.learn;
  std::filesystem::path checkpoint = options.checkpoint;
  if (!options.run.empty()) {
    RunFolder folder(options.run);
    checkpoint = folder.checkpoint();
    if (learn.word_vectors.empty()) learn.word_vectors = folder.words();
  }
  if (learn.word_vectors.empty()) {
    throw Error(Fault::InvalidArgument, "eval", "no word vectors are named",
                "Pass --word-vectors FILE, the one the checkpoint was trained with");
  }
  RunFolder unused_words(learn.word_vectors.parent_path());
  const WordTable words = words_for(data, learn, unused_words);
  const std::vector<RecipeRow> lanes = choose_recipes(store, options.lanes, options.recipes);
  std::vector<std::string> left_out;
  const Pairs test = load_pairs(store, lanes, data.test, words, learn.train.max_words, left_out);
  say_left_out(left_out);
  if (test.captions.empty()) {
    throw Error(Fault::NotFound, "eval", "there is no test split",
                "Pass --test FILE.csv, or captions with test videos");
  }
  const JointEmbedding model(read_weights(checkpoint), learn.train.max_words);
  return report_metrics(options, evaluate(model, test, words, ties_named(options.ties)));
}

void add_store_flags(CLI::App& command, StoreOptions& options) {
  command.add_option("--store", options.store, "the feature store")->required()->check(CLI::ExistingFile);
  command.add_option("--lanes", options.lanes, "lanes to use; none: all of the store")->delimiter(',');
  command.add_option("--recipe", options.recipes, "first digits of a recipe, where a lane has several");
  command.add_flag("--json", options.json, "print the metrics as JSON");
}

}  // namespace

void add_train_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StoreOptions>();
  CLI::App* command = app.add_subcommand("train", "Train the joint embedding on a store and captions");
  add_store_flags(*command, *options);
  command->add_option("--out", options->out, "folder of the run")->required()->transform(absolute_path());
  command->add_option("--seed", options->learn.train.seed, "initial weights, order, choice of captions")
      ->capture_default_str();
  add_data_flags(*command, options->data);
  add_learn_flags(*command, options->learn);
  command->callback([options, command, &exit_code] {
    RunFolder folder(options->out);
    write_text(folder.config(), toml_of(*command));
    exit_code = run_train(*options);
  });
}

void add_eval_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StoreOptions>();
  CLI::App* command = app.add_subcommand("eval", "Metrics of a checkpoint");
  add_store_flags(*command, *options);
  command->add_option("--run", options->run, "folder of a run")->check(CLI::ExistingDirectory);
  command->add_option("--checkpoint", options->checkpoint, "or a .pth of its weights")
      ->check(CLI::ExistingFile);
  command->add_option("--ties", options->ties, "how equal similarities rank")
      ->check(CLI::IsMember({"average", "optimistic", "pessimistic", "legacy"}))
      ->capture_default_str();
  command
      ->add_option("--word-vectors", options->learn.word_vectors, "the file the checkpoint was trained with")
      ->check(CLI::ExistingFile);
  command->add_option("--max-words", options->learn.train.max_words, "as in training")->capture_default_str();
  add_data_flags(*command, options->data);
  command->callback([options, &exit_code] { exit_code = run_eval(*options); });
}

}  // namespace tvr

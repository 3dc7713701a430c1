#include "pipeline/commands/learn_options.h"

#include <CLI/CLI.hpp>
#include <utility>
#include <vector>

#include "pipeline/commands/command.h"

namespace tvr {
namespace {

constexpr const char* kGroup = "Learning";

template <class Value>
CLI::Option* add(CLI::App& command, const char* flag, Value& value, const char* help) {
  return command.add_option(flag, value, help)->capture_default_str()->group(kGroup);
}

void add_loss_flags(CLI::App& command, TrainOptions& train) {
  command
      .add_option_function<std::string>(
          "--loss", [&train](const std::string& name) { train.loss = loss_named(name); },
          "max-margin (the reference's), or nce: symmetric InfoNCE with a learnt temperature")
      ->check(CLI::IsMember({"max-margin", "nce"}))
      ->default_str("max-margin")
      ->group(kGroup);
  add(command, "--margin", train.margin, "margin of the max-margin loss")->check(CLI::Range(0.0, 2.0));
  add(command, "--temperature", train.temperature, "of the InfoNCE loss, where its learning begins")
      ->check(CLI::Range(0.01, 1.0));
  add(command, "--n-pair", train.n_pair, "captions a step of each of the batch's clips")
      ->check(CLI::Range(1, 1000));
  command
      .add_flag("--negative-weighting", train.negative_weighting,
                "max-margin with --n-pair: weigh the pairs within a video by --hard-negative-rate")
      ->group(kGroup);
  add(command, "--hard-negative-rate", train.hard_negative_rate,
      "share of the loss that the pairs within a video have")
      ->check(CLI::Range(0.01, 0.99));
}

void add_rate_flags(CLI::App& command, TrainOptions& train) {
  add(command, "--lr", train.lr, "learning rate of Adam")->check(CLI::PositiveNumber);
  add(command, "--lr-decay", train.lr_decay, "the rate is multiplied by this every --lr-decay-epochs")
      ->check(CLI::PositiveNumber);
  add(command, "--lr-decay-epochs", train.lr_decay_epochs, "epochs between two decays of the rate")
      ->check(CLI::Range(1, 100000));
  command.add_flag("--cosine", train.cosine, "the rate falls to zero along half a cosine")->group(kGroup);
}

/// Flags and values that differ from the flags' own defaults.
std::vector<std::pair<const char*, const char*>> flags_of(const std::string& recipe) {
  if (recipe != "best") return {};
  return {{"--loss", "nce"},    {"--batch-size", "128"},   {"--n-pair", "2"},         {"--lr", "0.001"},
          {"--cosine", "true"}, {"--pooling", "max+mean"}, {"--standardize", "true"}, {"--embd-dim", "1024"}};
}

}  // namespace

void add_input_flags(CLI::App& command, LearnOptions& options) {
  command
      .add_option("--word-vectors", options.word_vectors,
                  "word2vec, GloVe or fastText file; none: fastText is trained on the training captions")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(kGroup);
  add(command, "--pooling", options.pooling, "a clip's rows over time: max (the reference), max+mean")
      ->check(CLI::IsMember({"max", "max+mean"}));
  add(command, "--max-words", options.train.max_words, "words of a caption that are used")
      ->check(CLI::Range(1, 1000));
}

void add_learn_flags(CLI::App& command, LearnOptions& options) {
  TrainOptions& train = options.train;
  add(command, "--recipe", options.recipe,
      "preset of the flags below: howto100m (the reference), or best; a flag that is given wins")
      ->check(CLI::IsMember({"howto100m", "best"}));
  add_input_flags(command, options);
  add(command, "--epochs", train.epochs, "passes over the training clips")->check(CLI::Range(1, 100000));
  add(command, "--batch-size", train.batch_size, "clips a step")->check(CLI::Range(2, 65536));
  add(command, "--embd-dim", train.embd_dim, "size of the joint embedding")->check(CLI::Range(1, 65536));
  command
      .add_flag(
          "--standardize", options.standardize,
          "train on features of mean 0 and deviation 1; folded into the checkpoint, which takes them as "
          "they are")
      ->group(kGroup);
  add_loss_flags(command, train);
  add_rate_flags(command, train);
  add(command, "--early-stop", train.early_stop,
      "stop after so many epochs without a better validation; 0: never")
      ->check(CLI::Range(0, 100000));
  command
      .add_flag("--select-on-test", options.select_on_test,
                "choose the best epoch on the test split, as many papers do; stamped on every result")
      ->group(kGroup);
  add(command, "--seeds", options.seeds, "trainings of consecutive seeds; mean and deviation are told")
      ->check(CLI::Range(1, 1000));
  add(command, "--threads", train.threads, "threads of training; 0: one a core")->check(CLI::Range(0, 1024));
  command
      .add_option_function<std::string>(
          "--train-device", [&train](const std::string& name) { train.gpu = name == "cuda" ? 0 : -1; },
          "where the steps are taken: cpu (repeatable to the bit) or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->default_str("cpu")
      ->group(kGroup);
}

void apply_recipe(CLI::App& command, const LearnOptions& options) {
  for (const auto& [flag, value] : flags_of(options.recipe)) give_default(command, flag, value);
}

}  // namespace tvr

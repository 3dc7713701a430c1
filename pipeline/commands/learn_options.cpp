#include "pipeline/commands/learn_options.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/error.h"
#include "data/fingerprint.h"
#include "data/tensors/tensor_file.h"
#include "model/parameters.h"
#include "model/train_fields.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/commands/run_record.h"
#include "pipeline/terminal/console.h"

namespace tvr {
namespace {

constexpr const char* kGroup = "Learning";
constexpr const char* kOldPresetFlag = "--recipe";
/// The training option that `eval` needs as well.
constexpr const char* kInputOption = "max-words";

template <class Value>
CLI::Option* add(CLI::App& command, const char* flag, Value& value, const char* help) {
  return command.add_option(flag, value, help)->capture_default_str()->group(kGroup);
}

/// Checks the parsed value. CLI::Range accepts NaN.
template <class Value>
CLI::Validator within(const Range<Value>& range) {
  return CLI::Validator(
      [range](std::string& text) {
        using CLI::detail::lexical_cast;
        Value value{};
        if (lexical_cast(text, value) && range.holds(value)) return std::string();
        return "it is " + text + ", not " + range.text();
      },
      range.text());
}

/// Adds the flag of one row of the training options.
struct AddFlag {
  CLI::App& command;

  template <class Value>
  void operator()(const std::string& name, Value& value, const Range<Value>& range, Affects,
                  const char* help) const {
    add(command, ("--" + name).c_str(), value, help)->check(within(range));
  }
  void operator()(const std::string& name, bool& value, Switch, Affects, const char* help) const {
    command.add_flag("--" + name, value, help)->group(kGroup);
  }
  template <class Value, std::size_t Count>
  void operator()(const std::string& name, Value& value, const Choices<Value, Count>& choices, Affects,
                  const char* help) const {
    add_choice(command, "--" + name, value, choices, help)->group(kGroup);
  }
};

/// Adds the flags of the options for which wanted(name) is true.
template <class Wanted>
void add_train_flags(CLI::App& command, TrainOptions& train, const Wanted& wanted) {
  for_each_field(train, [&](const std::string& name, auto&&... row) {
    if (wanted(name)) AddFlag{command}(name, row...);
  });
}

/// Values of flags that differ from the flags' defaults.
struct TrainingPreset {
  const char* name;
  std::vector<std::pair<const char*, const char*>> flags;
};
/// Of antoine77340/howto100m: "howto100m" trains on MSR-VTT from scratch as the paper has it, "seed" with the
/// learning rate that a run without --lr_decay has there, "howto100m-pretrain" on the narrations of
/// HowTo100M, "finetune" from the weights that this gives (README.md there). "best" did better on real
/// features: docs/TRAINING.md.
const std::vector<TrainingPreset> kTrainingPresets = {
    {"howto100m", {}},
    {"seed",
     {{"--epochs", "100"},
      {"--batch-size", "32"},
      {"--embd-dim", "4096"},
      {"--lr", "0.0001"},
      {"--lr-decay", "0.9"},
      {"--whiten-words", "false"}}},
    {"howto100m-pretrain",
     {{"--epochs", "15"},
      {"--batch-size", "32"},
      {"--n-pair", "64"},
      {"--negative-weighting", "true"},
      {"--hard-negative-rate", "0.5"},
      {"--embd-dim", "4096"},
      {"--lr", "0.0001"},
      {"--lr-decay", "0.9"}}},
    {"finetune", {{"--epochs", "50"}, {"--batch-size", "256"}, {"--lr", "0.0001"}, {"--lr-decay", "1"}}},
    {"best",
     {{"--loss", "nce"},
      {"--batch-size", "128"},
      {"--min-steps", "8"},
      {"--n-pair", "2"},
      {"--lr", "0.001"},
      {"--cosine", "true"},
      {"--epochs", "120"},
      {"--dropout", "0.3"},
      {"--identity-columns", "200"},
      {"--pooling", "max+mean"},
      {"--standardize", "true"},
      {"--embd-dim", "512"},
      {"--ensemble", "2"},
      {"--kernel-weight", "0.8"}}},
};

}  // namespace

void add_input_flags(CLI::App& command, LearnOptions& options) {
  command
      .add_option("--word-vectors", options.word_vectors,
                  "word2vec, GloVe or fastText file (default: train fastText on the training captions)")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(kGroup);
  add_choice(command, "--pooling", options.pooling, kPoolings,
             "pooling of a clip's rows over time: max (the reference's), max+mean or mean")
      ->group(kGroup);
  add_train_flags(command, options.train, [](const std::string& name) { return name == kInputOption; });
}

void add_learn_flags(CLI::App& command, LearnOptions& options) {
  std::vector<std::string> presets;
  for (const TrainingPreset& preset : kTrainingPresets) presets.emplace_back(preset.name);
  CLI::Option* const preset =
      command
          .add_option(kPresetFlag,
                      "preset of the flags below: howto100m (the reference on MSR-VTT), seed (the same "
                      "with its rate lowered by 0.9 per epoch), howto100m-pretrain (on narrations), finetune "
                      "(with --init) or best; flags that are set take precedence")
          ->check(CLI::IsMember(presets))
          ->type_name("TEXT")
          ->default_str(presets.front())
          ->group(kGroup);
  // Its name in version 0.1; hidden, and to be dropped one version later.
  command
      .add_option_function<std::string>(
          kOldPresetFlag,
          [preset](const std::string& name) {
            warn(std::string(kOldPresetFlag) + " is now " + kPresetFlag);
            preset->add_result(name);
            preset->run_callback();
          },
          "")
      ->envname("PIPELINE_RECIPE")
      ->group("");
  add_input_flags(command, options);
  // The subcommand adds --seed, which seeds everything random in it.
  add_train_flags(command, options.train,
                  [](const std::string& name) { return name != kInputOption && name != "seed"; });
  add(command, "--whiten-words", options.whiten_words,
      "whiten word vectors trained on the captions: on few captions they all point in one direction")
      ->default_str("true");
  add(command, "--identity-columns", options.identity_columns,
      "columns of random signs that are appended to word vectors trained on the captions, so that words of "
      "similar company stay distinguishable")
      ->check(CLI::Range(0, 3996));
  command
      .add_flag("--standardize", options.standardize,
                "standardize features to mean 0 and standard deviation 1 for training; folded into the "
                "checkpoint, which then takes features as they are")
      ->group(kGroup);
  command
      .add_flag("--select-on-test", options.select_on_test,
                "select the best epoch on the test split, as many papers do; every result says so")
      ->group(kGroup);
  command
      .add_option("--init", options.init,
                  "checkpoint (.pth) to start training from; give its word vectors by --word-vectors")
      ->check(CLI::ExistingFile)
      ->transform(absolute_path())
      ->group(kGroup);
  add(command, "--ensemble", options.ensemble,
      "networks per model, trained from different random numbers; their similarities are averaged")
      ->check(CLI::Range(1, 100));
  add(command, "--linear-weight", options.linear_weight,
      "share of the linear model in the similarity; 0: it is only the baseline to compare with")
      ->check(number_within(0, 0.99));
  add(command, "--kernel-weight", options.kernel_weight,
      "share of the kernel model in the similarity; its kernel is linear or Gaussian, whichever finds "
      "more on held-out training clips")
      ->check(number_within(0, 0.99));
  command
      .add_flag("--keep-epochs", options.keep_epochs,
                "keep the weights after each epoch, as epochs/e1.pth, e2.pth, ... in the run's folder")
      ->group(kGroup);
  add(command, "--min-steps", options.min_steps,
      "steps per epoch at least: with few clips --batch-size is lowered to give as many; 0: it is not")
      ->check(CLI::Range(0, 1000));
  add(command, "--seeds", options.seeds,
      "number of runs with consecutive seeds; reports mean and standard deviation")
      ->check(CLI::Range(1, 1000));
}

void apply_training_preset(CLI::App& command) {
  command.get_option(kOldPresetFlag)->clear();  // config.toml has the new name alone
  const CLI::Option& chosen = *command.get_option(kPresetFlag);
  for (const TrainingPreset& preset : kTrainingPresets) {
    if (chosen.count() == 0 || chosen.as<std::string>() != preset.name) continue;
    for (const auto& [flag, value] : preset.flags) give_default(command, flag, value);
  }
}

void complete_from_checkpoint(CLI::App& command, const LearnOptions& options) {
  if (options.init.empty()) return;
  const Parameters weights = parameters_of(read_weights(options.init));
  give_default(command, "--embd-dim", std::to_string(shape_of(weights, options.train.max_words).embd_dim));
  const std::optional<RunManifest> run = run_of(options.init);
  const std::filesystem::path words = run ? run->word_vectors : "";
  if (options.word_vectors.empty()) {
    if (!std::filesystem::exists(words)) {
      throw Error(Fault::InvalidArgument, "init",
                  "the word vectors that " + options.init.string() + " was trained with are not known",
                  "Pass them as --word-vectors FILE: with others its weights mean nothing");
    }
    give_default(command, "--word-vectors", words.string());
  } else if (std::filesystem::exists(words) && sha256_file(words) != sha256_file(options.word_vectors)) {
    warn("--word-vectors " + options.word_vectors.string() + " is not the file that " +
         options.init.string() + " was trained with (" + words.string() +
         "): the words that it has learned are lost");
  }
}

}  // namespace tvr

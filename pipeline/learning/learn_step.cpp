#include "pipeline/learning/learn_step.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/error.h"
#include "data/tensors/pth.h"
#include "data/tensors/tensor_file.h"
#include "model/joint_embedding.h"
#include "model/resident_pairs.h"
#include "model/standardization.h"
#include "model/train_fields.h"
#include "pipeline/learning/history.h"
#include "pipeline/run/digester.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

/// The three splits as the model sees them.
struct Splits {
  Pairs train, val, test;
  std::optional<Standardization> standardization;  // of train and val, if requested
  const char* selected_on = "last epoch";          // what the checkpoint's epoch was selected on
};

void check(const DataSet& data, const LearnOptions& options) {
  if (options.train.negative_weighting &&
      (options.train.n_pair == 1 || options.train.loss != RankingLoss::MaxMargin)) {
    throw Error(Fault::InvalidArgument, "negative-weighting", "it has no effect on this loss",
                "Use it with --loss max-margin and an --n-pair of 2 or more");
  }
  if (options.select_on_test && (!data.val.empty() || data.test.empty())) {
    throw Error(Fault::InvalidArgument, "select-on-test",
                data.test.empty() ? "there is no test split" : "there is a validation split too",
                "Choose the epoch on one of them");
  }
  if (options.train.early_stop > 0 && data.val.empty() && !options.select_on_test) {
    throw Error(Fault::InvalidArgument, "early-stop", "there is no validation split to measure it on",
                "Pass --val FILE.csv or --val-fraction 0.1");
  }
}

Splits load_splits(const FeatureStore& store, const std::vector<RecipeRow>& lanes, const DataSet& data,
                   const WordTable& words, const LearnOptions& options, std::vector<std::string>& findings) {
  const Pooling pooling = options.pooling;
  std::vector<std::string> left_out;
  Splits splits;
  splits.train = load_pairs(store, lanes, data.train, pooling, left_out);
  splits.val = load_pairs(store, lanes, data.val, pooling, left_out);
  splits.test = load_pairs(store, lanes, data.test, pooling, left_out);
  for (Pairs* split : {&splits.train, &splits.val, &splits.test}) {
    give_word_ids(*split, words, options.train.max_words);
  }
  if (!left_out.empty()) {
    findings.push_back(fmt::format("{} clips have no features in the store and are left out, for example {}",
                                   left_out.size(), left_out.front()));
    warn(findings.back());
  }
  if (!splits.val.captions.empty()) splits.selected_on = "validation";
  if (options.select_on_test) {
    splits.val = splits.test;
    splits.selected_on = "test";
    findings.push_back(
        "the epoch was selected on the test split (--select-on-test): the metrics are the best of all "
        "epochs, not what to expect on new videos");
    warn(findings.back());
  }
  if (options.standardize) {
    splits.standardization.emplace(splits.train.pairs.clips);
    splits.standardization->apply(splits.train.pairs.clips);
    splits.standardization->apply(splits.val.pairs.clips);
  }
  return splits;
}

/// Trains, records the curves and reports progress; resumes from the state in `folder` if there is one.
TrainResult run_training(const RunFolder& folder, const Splits& splits, const WordTable& words,
                         const TrainOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  History history(folder);
  ProgressLine line("train", "steps", 0);
  EpochReport last;
  std::string note;
  const auto on_epoch = [&](const EpochReport& report) {
    history.add(report);
    note = fmt::format(", loss {:.4f}", report.loss);
    if (report.val_t2v) note += fmt::format(", validation R@1 {:.1f}", (*report.val_t2v)["R@1"]);
    last = report;
  };
  const auto go_on = [&](const ProgressEvent& step) {  // "epoch 3", step 7 of its 12
    line.expect(step.total * options.epochs);
    line.update(step.total * last.epoch + step.done, step.stage + note);
    return !stop_requested();
  };
  TrainResult result = tvr::train(ResidentPairs(splits.train.pairs, words.vectors, options), splits.val.pairs,
                                  words.vectors, options, folder.state(), on_epoch, go_on);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  say(fmt::format("train: {} epochs in {}, loss {:.4f}; the checkpoint is of epoch {} ({}{})", last.epoch,
                  seconds_text(seconds), last.loss, result.best_epoch,
                  splits.val.captions.empty() ? "" : "the best on ",
                  splits.val.captions.empty() ? "the last" : splits.selected_on));
  return result;
}

/// Trains unless the checkpoint in `folder` is up to date; returns whether it trained.
bool train_into(RunFolder& folder, const Splits& splits, const WordTable& words,
                const TrainOptions& options) {
  const Digest inputs = Digester()
                            .add(result_identity(options))
                            .add(splits.train.pairs)
                            .add(splits.val.pairs)
                            .add(words.vectors)
                            .digest();
  if (folder.is_fresh("train", inputs, folder.checkpoint())) {
    say("train: nothing to do, the checkpoint is up to date");
    return false;
  }
  if (folder.is_fresh("training", inputs, folder.state())) {
    say("train: resuming from " + folder.state().string());
  } else {  // of other data or options: cannot be resumed
    std::filesystem::remove(folder.state());
    std::filesystem::remove(folder.history());
  }
  folder.mark_done("training", inputs);
  TrainResult result = run_training(folder, splits, words, options);
  if (splits.standardization) splits.standardization->fold_into(result.weights);
  write_pth(folder.checkpoint(), result.weights);
  folder.mark_done("train", inputs);
  std::filesystem::remove(folder.state());  // no longer needed
  return true;
}

nlohmann::json json_of(const TextCoverage& coverage) {
  nlohmann::json commonest = nlohmann::json::array();
  for (const auto& [word, count] : coverage.commonest_unknown) commonest.push_back({word, count});
  return {{"captions", coverage.sentences},
          {"captions_without_known_word", coverage.empty_sentences},
          {"words", coverage.words},
          {"words_without_vector", coverage.unknown_words},
          {"commonest_without_vector", std::move(commonest)}};
}

/// Reports the words without a vector; returns the counts by split, for metrics.json.
nlohmann::json tell_coverage(const DataSet& data, const WordTable& words) {
  nlohmann::json json;
  for (const auto& [name, split] : {std::pair{"train", &data.train}, std::pair{"test", &data.test}}) {
    if (split->empty()) continue;
    const TextCoverage coverage = coverage_of(*split, words);
    say("text: " + sentence_of(coverage, name));
    if (coverage.empty_sentences == coverage.sentences) {
      throw Error(Fault::Mismatch, "text", fmt::format("no {} caption has a word with a vector", name),
                  "Give word vectors of the captions' language, or omit --word-vectors to train them");
    }
    json[name] = json_of(coverage);
  }
  return json;
}

/// Training can fail without an error: at too high a learning rate all embeddings become alike, and from the
/// captions of other videos nothing can be learned.
void tell_if_no_better_than_chance(const Evaluation& evaluation, std::vector<std::string>& findings) {
  constexpr double kHardlyBetter = 0.9;
  const double chance = (1 + static_cast<double>(evaluation.video.rows())) / 2;
  if (evaluation.video.rows() == 1 || evaluation.t2v["MeanR"] < kHardlyBetter * chance) return;
  findings.push_back(
      fmt::format("the mean rank of a test caption's clip is {:.1f} of {}, {:.1f} by chance: hardly anything "
                  "was learned. Try a lower --lr, and check that the captions belong to these videos",
                  evaluation.t2v["MeanR"], evaluation.video.rows(), chance));
  warn(findings.back());
}

/// Trains and evaluates seed number `index` in its folder.
void learn_seed(RunFolder& folder, const Splits& splits, const WordTable& words, const LearnOptions& options,
                int index, Learned& learned, TimeAccount& time) {
  TrainOptions train = options.train;
  train.seed += static_cast<std::uint64_t>(index);
  RunFolder of_seed(index == 0 ? folder.path() : folder.of_seed(train.seed));
  if (options.seeds > 1) say(fmt::format("train: seed {}, {} of {}", train.seed, index + 1, options.seeds));
  learned.trained |= train_into(of_seed, splits, words, train);
  time.lap("train");
  if (splits.test.captions.empty()) return;
  const JointEmbedding model(read_weights(of_seed.checkpoint()), train.max_words);
  const PairData& test = splits.test.pairs;
  learned.seeds.push_back(evaluate(model.embed_text(words.vectors, test.captions),
                                   model.embed_video(test.clips), test.clip_of, Ties::Average));
  tell_if_no_better_than_chance(learned.seeds.back(), learned.findings);
  if (index > 0) learned.seeds.back().text = learned.seeds.back().video = Matrix();
  time.lap("eval");
}

std::string metrics_of(const std::vector<Evaluation>& seeds, const LearnOptions& options,
                       const char* selected_on, const nlohmann::json& text) {
  nlohmann::json metrics = {{"ties", "average"}, {"selected_on", selected_on}, {"text", text}};
  if (seeds.size() == 1) {
    metrics["test"] = json_of(seeds.front());
  } else {
    metrics["test"] = json_of(seeds);
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      metrics["seeds"].push_back(json_of(seeds[i]));
      metrics["seeds"].back()["seed"] = options.train.seed + i;
    }
  }
  return metrics.dump(2) + "\n";
}

}  // namespace

Learned learn(RunFolder& folder, const FeatureStore& store, const std::vector<RecipeRow>& lanes,
              const DataSet& data, const LearnOptions& options, TimeAccount& time) {
  check(data, options);
  Learned learned;
  learned.words = words_of(data, word_vector_file(data, options, folder));
  const nlohmann::json text = tell_coverage(data, learned.words);
  time.lap("words");
  Splits splits = load_splits(store, lanes, data, learned.words, options, learned.findings);
  for (int i = 0; i < options.seeds; ++i) {
    learn_seed(folder, splits, learned.words, options, i, learned, time);
  }
  learned.test = std::move(splits.test);
  if (learned.seeds.empty()) {
    say("eval: no test split; the checkpoint is " + folder.checkpoint().string());
  } else {
    learned.metrics = metrics_of(learned.seeds, options, splits.selected_on, text);
  }
  return learned;
}

}  // namespace tvr

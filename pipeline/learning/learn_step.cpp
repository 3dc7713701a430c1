#include "pipeline/learning/learn_step.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/error.h"
#include "data/tensors/pth.h"
#include "data/tensors/tensor_file.h"
#include "model/joint_embedding.h"
#include "model/resident_pairs.h"
#include "model/train_fields.h"
#include "pipeline/learning/cautions.h"
#include "pipeline/learning/history.h"
#include "pipeline/run/digester.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

/// Trains, records the curves and reports progress; resumes from the state in `folder` if there is one.
TrainResult run_training(const RunFolder& folder, const Splits& splits, const TrainingPlan& plan) {
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
    line.expect(step.total * plan.options.epochs);
    line.update(step.total * last.epoch + step.done, step.stage + note);
    return !stop_requested();
  };
  TrainResult result =
      tvr::train(ResidentPairs(splits.train.pairs, splits.words.vectors, plan), splits.val.pairs,
                 splits.words.vectors, plan, folder.state(), on_epoch, go_on);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  say(fmt::format("train: {} epochs in {}, loss {:.4f}; the checkpoint is of epoch {} ({}{})", last.epoch,
                  seconds_text(seconds), last.loss, result.best_epoch,
                  splits.val.captions.empty() ? "" : "the best on ",
                  splits.val.captions.empty() ? "the last" : splits.selected_on));
  if (last.val_t2v && splits.test.captions.empty()) {  // otherwise it is said of the test split
    const std::string caution =
        no_better_than_chance("validation", *last.val_t2v, splits.val.pairs.clips.rows());
    if (!caution.empty()) warn(caution);
  }
  return result;
}

/// Trains unless the checkpoint in `folder` is up to date; returns whether it trained.
bool train_into(RunFolder& folder, const Splits& splits, const TrainingPlan& plan) {
  const Digest inputs = Digester()
                            .add(plan.result_identity)
                            .add(splits.train.pairs)
                            .add(splits.val.pairs)
                            .add(splits.words.vectors)
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
  TrainResult result = run_training(folder, splits, plan);
  if (splits.standardization) splits.standardization->fold_into(result.weights);
  write_pth(folder.checkpoint(), result.weights);
  folder.mark_done("train", inputs);
  std::filesystem::remove(folder.state());  // no longer needed
  return true;
}

/// The test metrics of the model in `folder`.
Evaluation evaluate_on_test(const RunFolder& folder, const Splits& splits, int max_words) {
  const JointEmbedding model(read_weights(folder.checkpoint()), max_words);
  const PairData& test = splits.test.pairs;
  return evaluate(model.embed_text(splits.words.vectors, test.captions), model.embed_video(test.clips), test,
                  Ties::Average);
}

std::string metrics_of(const std::vector<Evaluation>& seeds, const std::vector<TrainingPlan>& plans,
                       const Splits& splits) {
  nlohmann::json metrics = {
      {"ties", "average"}, {"selected_on", splits.selected_on}, {"text", splits.coverage}};
  if (!splits.left_out.is_null()) metrics["left_out"] = splits.left_out;
  metrics.update(seeds_json(seeds, plans.front().options.seed));
  return metrics.dump(2) + "\n";
}

}  // namespace

std::vector<TrainingPlan> plan_learning(const LearnOptions& options) {
  if (options.train.negative_weighting &&
      (options.train.n_pair == 1 || options.train.loss != RankingLoss::MaxMargin)) {
    throw Error(Fault::InvalidArgument, "negative-weighting", "it has no effect on this loss",
                "Use it with --loss max-margin and an --n-pair of 2 or more");
  }
  std::vector<TrainingPlan> plans;
  TrainOptions train = options.train;
  for (int i = 0; i < options.seeds; ++i, ++train.seed) plans.push_back(plan_training(train));
  return plans;
}

Learned learn(RunFolder& folder, Splits splits, const std::vector<TrainingPlan>& plans, TimeAccount& time) {
  Learned learned;
  learned.findings = splits.findings;
  for (const TrainingPlan& plan : plans) {
    const bool first = &plan == &plans.front();
    RunFolder of_seed = first ? folder : folder.of_seed(plan.options.seed);
    const Descriptor lock = first ? Descriptor() : of_seed.lock();  // the caller has that of `folder`
    if (plans.size() > 1) {
      say(fmt::format("train: seed {}, {} of {}", plan.options.seed, &plan - plans.data() + 1, plans.size()));
    }
    learned.trained |= train_into(of_seed, splits, plan);
    time.lap("train");
    if (splits.test.captions.empty()) continue;
    learned.seeds.push_back(evaluate_on_test(of_seed, splits, plan.options.max_words));
    const Evaluation& evaluation = learned.seeds.back();
    give_caution(no_better_than_chance("test", evaluation.t2v, evaluation.video.rows()), learned.findings);
    if (!first) learned.seeds.back().text = learned.seeds.back().video = Matrix();
    time.lap("eval");
  }
  if (learned.seeds.empty()) {
    say("eval: no test split; the checkpoint is " + folder.checkpoint().string());
  } else {
    learned.metrics = metrics_of(learned.seeds, plans, splits);
  }
  learned.words = std::move(splits.words);
  learned.test = std::move(splits.test);
  return learned;
}

}  // namespace tvr

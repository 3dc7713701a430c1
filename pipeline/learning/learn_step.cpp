#include "pipeline/learning/learn_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "data/error.h"
#include "data/fingerprint.h"
#include "data/tensors/pth.h"
#include "data/tensors/tensor_file.h"
#include "extract/gpu.h"
#include "model/distributed/agreement.h"
#include "model/resident_pairs.h"
#include "model/train_fields.h"
#include "model/trainer.h"
#include "pipeline/encoders/run_model.h"
#include "pipeline/learning/cautions.h"
#include "pipeline/learning/history.h"
#include "pipeline/learning/linear_step.h"
#include "pipeline/narrated/narrated_pairs.h"
#include "pipeline/run/digester.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

/// The training pairs: in memory, or drawn from narrations.
std::unique_ptr<PairSource> pairs_of(const Splits& splits, const TrainingPlan& plan) {
  if (splits.narrated) return std::make_unique<NarratedPairs>(*splits.narrated, splits.words, plan.options);
  return std::make_unique<ResidentPairs>(splits.train.pairs, splits.words.vectors, plan);
}

/// "youcook2 R@1 8.1, R@10 35.3, MedR 24; msrvtt ...".
std::string sentence_of(const std::vector<EvalSetMetrics>& sets) {
  std::string text;
  for (const EvalSetMetrics& set : sets) {
    text += (text.empty() ? "" : "; ") + set.name;
    for (const char* const metric : {"R@1", "R@10", "MedR"})
      text += fmt::format("{} {} {:.1f}", metric == std::string("R@1") ? "" : ",", metric, set.t2v[metric]);
  }
  return text;
}

/// Writes an epoch's weights to epochs/e<epoch>.pth, as the reference names them.
void keep_epoch(const RunFolder& folder, int epoch, const Parameters& weights,
                const std::optional<Standardization>& standardization) {
  NamedTensors state = state_of(weights);
  if (standardization) standardization->fold_into(state);
  std::filesystem::create_directories(folder.epochs());
  write_pth(folder.epochs() / fmt::format("e{}.pth", epoch), state);
}

/// Trains, records the curves and reports progress; resumes from the state in `folder` if there is one.
TrainResult run_training(const RunFolder& folder, const Splits& splits, const TrainingPlan& plan,
                         const std::optional<NamedTensors>& initial, bool keep_epochs, Collective& group) {
  const auto start = std::chrono::steady_clock::now();
  History history(folder);
  ProgressLine line("train", "steps", 0);
  EpochReport last;
  std::string note;
  TrainObserver observer;
  observer.on_epoch = [&](const EpochReport& report) {
    history.add(report);
    note = fmt::format(", loss {:.4f}", report.loss);
    if (report.val_t2v) note += fmt::format(", validation R@1 {:.1f}", (*report.val_t2v)["R@1"]);
    last = report;
  };
  const auto on_weights = [&](int epoch, const Parameters& weights) {
    if (keep_epochs && epoch > 0) keep_epoch(folder, epoch, weights, splits.standardization);
    if (splits.sets.empty()) return;
    std::vector<EvalSetMetrics> sets;
    for (const EvalSet& set : splits.sets)
      sets.push_back({set.name, evaluate(weights, splits.words.vectors, set, plan.options.max_words)});
    history.add_sets(epoch, sets);
    say(fmt::format("eval: epoch {}: {}", epoch, sentence_of(sets)));
  };
  if (keep_epochs || !splits.sets.empty()) observer.on_weights = on_weights;
  observer.progress = [&](const ProgressEvent& step) {  // "epoch 3", step 7 of its 12
    line.expect(step.total * plan.options.epochs);
    line.update(step.total * last.epoch + step.done, step.stage + note);
    return !stop_requested();
  };
  const std::unique_ptr<PairSource> pairs = pairs_of(splits, plan);
  TrainResult result = tvr::train(*pairs, splits.val.pairs, splits.words.vectors, plan, folder.state(),
                                  observer, initial ? &*initial : nullptr, group);
  for (const std::string& remark : pairs->notes()) warn("train: " + remark);
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

/// The weights of a checkpoint, which take raw clips, as they take the splits' clips.
std::optional<NamedTensors> initial_weights(const std::filesystem::path& checkpoint, const Splits& splits) {
  if (checkpoint.empty()) return std::nullopt;
  NamedTensors weights = read_weights(checkpoint);
  if (splits.standardization) splits.standardization->unfold_from(weights);
  return weights;
}

/// Trains unless the checkpoint in `folder` is up to date; returns whether it trained.
bool train_into(RunFolder& folder, const Splits& splits, const TrainingPlan& plan,
                const std::optional<NamedTensors>& initial, bool keep_epochs, Collective& group) {
  Digester digester;
  digester.add(plan.result_identity);
  if (splits.narrated) {
    digester.add(splits.narrated->digest());
  } else {
    digester.add(splits.train.pairs);
  }
  const Digest inputs = digester.add(splits.val.pairs).add(splits.words.vectors).digest();
  if (first_says(group, folder.is_fresh("train", inputs, folder.checkpoint()))) {
    say("train: nothing to do, the checkpoint is up to date");
    return false;
  }
  if (folder.has_begun(inputs)) {
    say("train: resuming from " + folder.state().string());
  } else {  // of other data or options: cannot be resumed
    std::filesystem::remove(folder.state());
    std::filesystem::remove(folder.history());
  }
  folder.mark_begun(inputs);
  TrainResult result = run_training(folder, splits, plan, initial, keep_epochs, group);
  if (splits.standardization) splits.standardization->fold_into(result.weights);
  write_pth(folder.checkpoint(), result.weights);
  folder.mark_done("train", inputs, folder.checkpoint());
  std::filesystem::remove(folder.state());  // no longer needed
  return true;
}

/// The test metrics of the model whose networks lie in `folders`.
Evaluation evaluate_on_test(const std::vector<RunFolder>& folders, const ModelPlan& plan,
                            const Splits& splits, const std::vector<LinearShare>& shares) {
  std::vector<std::filesystem::path> checkpoints;
  for (const RunFolder& folder : folders) checkpoints.push_back(folder.checkpoint());
  const RunModel model(checkpoints, plan.networks.front().options.max_words, shares);
  const PairData& test = splits.test.pairs;
  return evaluate(model.embed_text(splits.test.captions, splits.words.vectors, test.captions),
                  model.embed_video(test.clips), test, Ties::Average);
}

/// The models in closed form that take a share of the similarity.
std::vector<LinearShare> shares_of(RunFolder& folder, const ModelPlan& plan, const Splits& splits,
                                   const std::optional<LinearEncoder>& linear) {
  std::vector<LinearShare> shares;
  const auto add = [&](const std::string& kind, double weight, std::optional<LinearEncoder> model) {
    if (!model) {
      throw Error(Fault::Mismatch, "--" + kind + "-weight", "no linear model can be fitted to these captions",
                  "Give more clips whose captions have words in common, or --" + kind + "-weight 0");
    }
    shares.push_back({std::move(*model), weight});
  };
  if (plan.linear_weight > 0) add("linear", plan.linear_weight, linear);
  if (plan.kernel_weight > 0) {
    add("kernel", plan.kernel_weight,
        linear ? fit_kernel_model(folder, splits.train, *linear) : std::nullopt);
  } else {
    std::filesystem::remove(folder.kernel());  // of another training
  }
  return shares;
}

std::string metrics_of(const Learned& learned, std::uint64_t first_seed, const Splits& splits) {
  const std::vector<Evaluation>& seeds = learned.seeds;
  nlohmann::json metrics = {
      {"ties", "average"}, {"selected_on", splits.selected_on}, {"text", splits.coverage}};
  if (!splits.left_out.is_null()) metrics["left_out"] = splits.left_out;
  metrics.update(seeds_json(seeds, first_seed));
  if (learned.linear) metrics["linear"] = json_of(*learned.linear);
  return metrics.dump(2) + "\n";
}

/// What a batch has one each of: clips, or with several captions per pair, videos.
struct Units {
  std::size_t count = 0;
  const char* name = "clips";
};
Units units_of(const CaptionSet& train, bool videos) {
  if (!videos) return {train.clips.size(), "clips"};
  std::set<std::string> ids;
  for (const ClipRef& clip : train.clips) ids.insert(clip.video_id);
  return {ids.size(), "videos"};
}

/// The batch size for this training split. Throws Error(Mismatch) when it does not fill one batch.
int fitted_batch(const LearnOptions& options, const Units& units, std::string& note) {
  constexpr std::size_t kSmallest = 2;
  const auto wanted = static_cast<std::size_t>(options.train.batch_size);
  std::size_t batch = wanted;
  if (options.min_steps > 0)
    batch = std::min(wanted, std::max(kSmallest, units.count / static_cast<std::size_t>(options.min_steps)));
  if (units.count < batch) {
    throw Error(Fault::Mismatch, "captions",
                fmt::format("{} training {} do not fill one batch of {}", units.count, units.name, batch),
                "Lower --batch-size, or give more videos");
  }
  if (batch < wanted) {
    note = fmt::format("batches of {} {} rather than {}, so that {} {} give {} steps per epoch", batch,
                       units.name, wanted, units.count, units.name, units.count / batch);
  }
  return static_cast<int>(batch);
}

LearningPlan plan_for(const LearnOptions& options, const Units& units) {
  if (options.train.negative_weighting &&
      (options.train.n_pair == 1 || options.train.loss != RankingLoss::MaxMargin)) {
    throw Error(Fault::InvalidArgument, "negative-weighting", "it has no effect on this loss",
                "Use it with --loss max-margin and an --n-pair of 2 or more");
  }
  if (const std::string missing = missing_for_gpu(); options.train.gpu >= 0 && !missing.empty()) {
    throw Error(Fault::Unsupported, "--train-device cuda", missing, "Use --train-device cpu");
  }
  if (options.linear_weight + options.kernel_weight >= 1) {
    throw Error(Fault::InvalidArgument, "--linear-weight",
                fmt::format("it is {} and --kernel-weight {}, which leaves nothing to the networks",
                            options.linear_weight, options.kernel_weight),
                "Give less than 1 in all; --training-preset best sets a --kernel-weight, which 0 takes back");
  }
  LearningPlan plan;
  TrainOptions train = options.train;
  train.batch_size = fitted_batch(options, units, plan.note);
  const std::string init = options.init.empty() ? "" : " init " + sha256_file(options.init);
  for (int i = 0; i < options.seeds; ++i) {
    ModelPlan model{options.train.seed + static_cast<std::uint64_t>(i),
                    {},
                    options.init,
                    options.linear_weight,
                    options.kernel_weight,
                    options.keep_epochs};
    for (int network = 0; network < options.ensemble; ++network) {
      train.seed = model.seed + (static_cast<std::uint64_t>(network) << 32U);  // no other seed's
      model.networks.push_back(plan_training(train));
      model.networks.back().result_identity += init;
      model.networks.back().step_identity += init;
    }
    plan.models.push_back(std::move(model));
  }
  return plan;
}

}  // namespace

LearningPlan plan_learning(const LearnOptions& options, const CaptionSet& train) {
  if (train.empty()) {
    throw Error(Fault::Mismatch, "captions", "there are no training captions",
                "Give the clips to learn from the split train");
  }
  if (options.train.loss == RankingLoss::MilNce) {
    throw Error(Fault::InvalidArgument, "loss", "mil-nce takes the lines around a line of a narration",
                "Use it with --narrations");
  }
  return plan_for(options, units_of(train, options.train.n_pair > 1));
}

LearningPlan plan_learning(const LearnOptions& options, const NarratedVideos& train) {
  const auto refuse = [](const char* flag, const char* seen, const char* advice) {
    throw Error(Fault::InvalidArgument, flag, seen, advice);
  };
  if (options.linear_weight > 0)
    refuse("linear-weight", "no linear model is fitted to narrations", "Use --linear-weight 0");
  if (options.kernel_weight > 0)
    refuse("kernel-weight", "no kernel model is fitted to narrations", "Use --kernel-weight 0");
  if (options.standardize)
    refuse("standardize", "narrated clips are not read before training", "Leave it out");
  const bool several = train.options().candidates > 1;
  if (several && options.train.loss != RankingLoss::MilNce)
    refuse("candidates", "the loss takes one caption per clip", "Use --loss mil-nce");
  return plan_for(options, {static_cast<std::size_t>(train.count()), "videos"});
}

void keep_training_videos(const RunFolder& folder, const Splits& splits) {
  std::set<std::string> videos;
  for (const ClipRef& clip : splits.train.clips) videos.insert(clip.video_id);
  const std::int64_t narrated = splits.narrated ? splits.narrated->count() : 0;
  for (std::int64_t video = 0; video < narrated; ++video) videos.insert(splits.narrated->id(video));
  std::string text;
  for (const std::string& video : videos) text += video + '\n';
  write_text(folder.training_videos(), text);
}

Learned learn(RunFolder& folder, Splits splits, const LearningPlan& plan, TimeAccount& time,
              Collective& group) {
  const ModelPlan& first_model = plan.models.front();
  Learned learned;
  if (!plan.note.empty()) say("train: " + plan.note);
  learned.findings = splits.findings;
  std::optional<LinearEncoder> linear;
  if (splits.narrated) {
    std::filesystem::remove(folder.linear());  // of another training
  } else {
    linear = fit_linear_baseline(folder, splits.train);
  }
  const std::vector<LinearShare> shares = shares_of(folder, first_model, splits, linear);
  if (linear && !splits.test.captions.empty())
    learned.linear = evaluate_linear(*linear, splits.test, Ties::Average);
  time.lap("linear");
  splits.standardize();
  if (!splits.narrated)
    give_caution(too_few_steps(splits.train.pairs, first_model.networks.front().options), learned.findings);
  const std::optional<NamedTensors> initial = initial_weights(first_model.init, splits);
  const bool several = plan.models.size() > 1 || first_model.networks.size() > 1;
  for (const ModelPlan& model : plan.models) {
    const bool first = &model == &first_model;
    const RunFolder of_seed = first ? folder : folder.of_seed(model.seed);
    const Descriptor lock = first ? Descriptor() : of_seed.lock();  // the caller has that of `folder`
    std::vector<RunFolder> folders;
    for (std::size_t n = 0; n < model.networks.size(); ++n) {
      folders.push_back(of_seed.of_network(static_cast<int>(n) + 1));
      if (several) {
        say(fmt::format("train: seed {} ({} of {}), network {} of {}", model.seed, &model - &first_model + 1,
                        plan.models.size(), n + 1, model.networks.size()));
      }
      learned.trained |=
          train_into(folders.back(), splits, model.networks[n], initial, model.keep_epochs, group);
    }
    time.lap("train");
    if (splits.test.captions.empty()) continue;
    learned.seeds.push_back(evaluate_on_test(folders, model, splits, shares));
    const Evaluation& evaluation = learned.seeds.back();
    give_caution(no_better_than_chance("test", evaluation.t2v, evaluation.video.rows()), learned.findings);
    if (!first) learned.seeds.back().text = learned.seeds.back().video = Matrix();
    time.lap("eval");
  }
  keep_training_videos(folder, splits);
  if (learned.seeds.empty()) {
    say("eval: no test split; the checkpoint is " + folder.checkpoint().string());
  } else {
    if (learned.linear)
      give_caution(not_better_than_linear(learned.seeds, learned.linear->t2v), learned.findings);
    learned.metrics = metrics_of(learned, first_model.seed, splits);
  }
  learned.words = std::move(splits.words);
  learned.test = std::move(splits.test);
  return learned;
}

void help_to_learn(Splits splits, const LearningPlan& plan, Collective& group) {
  splits.standardize();
  const std::optional<NamedTensors> initial = initial_weights(plan.models.front().init, splits);
  TrainObserver observer;
  observer.progress = [](const ProgressEvent&) { return !stop_requested(); };
  for (const ModelPlan& model : plan.models) {
    for (const TrainingPlan& network : model.networks) {
      if (first_says(group, false)) continue;  // its checkpoint is up to date
      const std::unique_ptr<PairSource> pairs = pairs_of(splits, network);
      (void)tvr::train(*pairs, splits.val.pairs, splits.words.vectors, network, {}, observer,
                       initial ? &*initial : nullptr, group);
    }
  }
}

}  // namespace tvr

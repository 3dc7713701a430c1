#include "pipeline/learning/head_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "data/error.h"
#include "data/tensors/pth.h"
#include "data/tensors/tensor_file.h"
#include "model/head_fields.h"
#include "model/head_trainer.h"
#include "pipeline/learning/cautions.h"
#include "pipeline/learning/history.h"
#include "pipeline/run/digester.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

/// Few clips get smaller batches: an epoch has as many steps as --training-preset best gives it at least.
HeadOptions fitted(HeadOptions options, const PairData& train) {
  constexpr std::size_t kFewestSteps = 8, kSmallestBatch = 2;
  const std::size_t clips = std::set<std::int32_t>(train.clip_of.begin(), train.clip_of.end()).size();
  if (clips < kSmallestBatch) {
    throw Error(Fault::Mismatch, "captions", fmt::format("{} training clips have captions", clips),
                "Give at least two clips to learn from in the split train");
  }
  const auto batch = static_cast<int>(std::max(kSmallestBatch, clips / kFewestSteps));
  if (options.batch_size <= batch) return options;
  say(fmt::format("train: batches of {} clips rather than {}, so that {} clips give {} steps per epoch",
                  batch, options.batch_size, clips, clips / static_cast<std::size_t>(batch)));
  options.batch_size = batch;
  return options;
}

TrainedHead run_training(const RunFolder& folder, const Splits& splits, const HeadPlan& plan,
                         double logit_scale) {
  const auto start = std::chrono::steady_clock::now();
  History history(folder);
  ProgressLine line("train", "steps", 0);
  EpochReport last;
  std::string note;
  HeadObserver observer;
  observer.on_epoch = [&](const EpochReport& report) {
    history.add(report);
    note = report.epoch > 0 ? fmt::format(", loss {:.4f}", report.loss) : "";
    if (report.val_t2v) note += fmt::format(", validation R@1 {:.1f}", (*report.val_t2v)["R@1"]);
    last = report;
  };
  observer.progress = [&](const ProgressEvent& step) {
    line.expect(step.total * plan.options.epochs);
    line.update(step.total * last.epoch + step.done, step.stage + note);
    return !stop_requested();
  };
  TrainedHead trained = train_head(splits.train.pairs, splits.val.pairs, splits.words.vectors, logit_scale,
                                   plan, folder.state(), observer);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::string of =
      trained.epoch == 0 ? "is the pretrained pair itself: no epoch was better on validation"
      : last.val_t2v     ? fmt::format("is of epoch {} (the best on validation)", trained.epoch)
                         : fmt::format("is of epoch {} (the last)", trained.epoch);
  say(fmt::format("train: {} epochs in {}, loss {:.4f}; the head {}", last.epoch, seconds_text(seconds),
                  last.loss, of));
  return trained;
}

/// Trains unless the checkpoint in `folder` is up to date; returns whether it trained.
bool train_into(RunFolder& folder, const Splits& splits, const HeadPlan& plan, double logit_scale) {
  const Digest inputs = Digester()
                            .add(plan.identity)
                            .add(fmt::format("{}", logit_scale))
                            .add(splits.train.pairs)
                            .add(splits.val.pairs)
                            .add(splits.words.vectors)
                            .digest();
  if (folder.is_fresh("train", inputs, folder.checkpoint())) {
    say("train: nothing to do, the checkpoint is up to date");
    return false;
  }
  if (folder.has_begun(inputs)) {
    say("train: resuming from " + folder.state().string());
  } else {
    std::filesystem::remove(folder.state());
    std::filesystem::remove(folder.history());
  }
  folder.mark_begun(inputs);
  write_pth(folder.checkpoint(), state_of(run_training(folder, splits, plan, logit_scale).head));
  folder.mark_done("train", inputs, folder.checkpoint());
  std::filesystem::remove(folder.state());
  return true;
}

/// The test metrics of `head`.
Evaluation evaluate_on_test(const Head& head, const Splits& splits) {
  const PairData& test = splits.test.pairs;
  return evaluate(head.embed_text(sentences_of(test, splits.words.vectors)), head.embed_video(test.clips),
                  test, Ties::Average);
}

std::string metrics_of(const Learned& learned, const Splits& splits, std::uint64_t first_seed) {
  nlohmann::json metrics = {{"ties", "average"}, {"selected_on", splits.selected_on}};
  if (!splits.left_out.is_null()) metrics["left_out"] = splits.left_out;
  metrics.update(seeds_json(learned.seeds, first_seed));
  metrics["zero_shot"] = json_of(*learned.zero_shot);
  return metrics.dump(2) + "\n";
}

}  // namespace

std::vector<RecipeRow> image_tower_first(std::vector<RecipeRow> lanes, const std::string& encoder_id) {
  const auto found = std::find_if(lanes.begin(), lanes.end(),
                                  [&](const RecipeRow& lane) { return lane.recipe.weights == encoder_id; });
  if (found == lanes.end()) {
    throw Error(
        Fault::NotFound, "lanes", "none has the features of the encoder's image tower",
        "Make them with `pipeline index --encoder FOLDER --store FILE.db`, and name its lane in --lanes");
  }
  std::rotate(lanes.begin(), found, found + 1);
  return lanes;
}

Learned learn_head(RunFolder& folder, Splits splits, const HeadOptions& options, int seeds,
                   double logit_scale, TimeAccount& time) {
  Learned learned;
  learned.findings = splits.findings;
  for (const std::filesystem::path& of_another_training : {folder.linear(), folder.kernel()})
    std::filesystem::remove(of_another_training);
  HeadOptions fit = fitted(options, splits.train.pairs);
  if (splits.val.captions.empty()) {
    give_caution(
        "there is no validation split: the head is that of the last epoch, which may be worse than the "
        "pretrained pair. Pass --val FILE.csv or --val-fraction 0.1",
        learned.findings);
  }
  const bool is_tested = !splits.test.captions.empty();
  for (int i = 0; i < seeds; ++i) {
    fit.seed = options.seed + static_cast<std::uint64_t>(i);
    RunFolder of_seed = i == 0 ? folder : folder.of_seed(fit.seed);
    const Descriptor lock = i == 0 ? Descriptor() : of_seed.lock();  // the caller has that of `folder`
    if (seeds > 1) say(fmt::format("train: seed {} ({} of {})", fit.seed, i + 1, seeds));
    learned.trained |= train_into(of_seed, splits, plan_head(fit), logit_scale);
    time.lap("train");
    if (!is_tested) continue;
    const Head head = head_of(read_weights(of_seed.checkpoint()), of_seed.checkpoint().string());
    learned.seeds.push_back(evaluate_on_test(head, splits));
    if (i == 0) {
      learned.zero_shot = evaluate_on_test(zero_head(head.dim(), head.video_dim(), 0), splits);
      learned.zero_shot->text = learned.zero_shot->video = Matrix();
      give_caution(no_better_than_chance("test", learned.seeds.back().t2v, splits.test.pairs.clips.rows()),
                   learned.findings);
    } else {
      learned.seeds.back().text = learned.seeds.back().video = Matrix();
    }
    time.lap("eval");
  }
  keep_training_videos(folder, splits);
  if (is_tested) {
    give_caution(not_better_than_zero_shot(learned.seeds, learned.zero_shot->t2v), learned.findings);
    learned.metrics = metrics_of(learned, splits, options.seed);
  } else {
    say("eval: no test split; the checkpoint is " + folder.checkpoint().string());
  }
  learned.test = std::move(splits.test);
  return learned;
}

}  // namespace tvr

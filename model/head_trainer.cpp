#include "model/head_trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "data/error.h"
#include "model/batches.h"
#include "model/head_state.h"
#include "model/head_step.h"
#include "model/pair_source.h"
#include "model/parallel.h"
#include "model/ranking_loss.h"
#include "model/resident_pairs.h"
#include "model/train_state.h"

namespace tvr {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kRounding = 1e-9;  // of a score, a percentage
constexpr double kSecondsBetweenSaves = 1;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void validate_sentences(const PairData& pairs, const Matrix& sentences, const char* what) {
  validate(pairs, sentences, what);
  for (std::size_t i = 0; i < pairs.captions.size(); ++i) {
    if (pairs.captions[i].size() == 1) continue;
    throw Error(Fault::InvalidArgument, what, "caption " + std::to_string(i) + " is not one sentence");
  }
  if (pairs.clips.rows() == 0 || pairs.clips.cols() >= sentences.cols()) return;
  throw Error(Fault::Mismatch, what,
              "clips of " + std::to_string(pairs.clips.cols()) + " values do not hold the image tower's " +
                  std::to_string(sentences.cols()));
}

class HeadTraining {
 public:
  HeadTraining(const PairData& train, const PairData& val, const Matrix& sentences, double logit_scale,
               const HeadPlan& plan, const std::filesystem::path& state_file, const HeadObserver& observer)
      : train_(train),
        val_(val),
        sentences_(sentences),
        val_sentences_(sentences_of(val, sentences)),
        options_(plan.options),
        state_file_(state_file),
        observer_(observer),
        batches_(train, options_.batch_size, 1, options_.seed) {
    Checksum words;
    words.add(sentences.data(),
              static_cast<std::size_t>(sentences.rows() * sentences.cols()) * sizeof(float));
    identity_ = plan.identity + ' ' + std::to_string(logit_scale) + ' ' + std::to_string(checksum_of(train)) +
                ' ' + std::to_string(checksum_of(val)) + ' ' + std::to_string(words.value());
    start(static_cast<float>(std::clamp(std::log(logit_scale), 0.0, kHighestLogScale)));
  }

  TrainedHead run() {
    while (state_.epoch <= options_.epochs) run_epoch();
    if (val_.clip_of.empty()) return {std::move(state_.head), options_.epochs};
    return {std::move(state_.best), state_.best_epoch};
  }

 private:
  void start(float log_scale) {
    const std::int64_t dim = sentences_.cols(), video_dim = train_.clips.cols();
    if (auto saved = read_head_state(state_file_, dim, video_dim, identity_)) {
      state_ = std::move(*saved);
      if (observer_.on_epoch)
        for (const EpochReport& report : state_.reports) observer_.on_epoch(report);
      return;
    }
    state_.head = state_.best = zero_head(dim, video_dim, log_scale);
    state_.moments.mean = state_.moments.variance = zero_head(dim, video_dim, 0);
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    finish_epoch({0, kNone, kNone, 0, std::nullopt}, Clock::now());
  }

  [[nodiscard]] double rate() const {
    const auto all = static_cast<double>(options_.epochs) * static_cast<double>(batches_.steps());
    return options_.lr * (1 + std::cos(kPi * static_cast<double>(state_.moments.steps) / all)) / 2;
  }

  void run_epoch() {
    const Clock::time_point begin = Clock::now();
    const std::vector<PairBatch> batches = batches_.epoch(state_.epoch);
    const double lr = rate();
    while (state_.step < batches_.steps()) {
      tell_progress();
      take_step(batches[static_cast<std::size_t>(state_.step)]);
    }
    finish_epoch({state_.epoch, state_.loss_sum / static_cast<double>(batches_.steps()), lr, 0, std::nullopt},
                 begin);
    if (state_.epoch <= options_.epochs && seconds_since(last_save_) >= kSecondsBetweenSaves) save();
  }

  [[nodiscard]] HeadBatch gathered(const PairBatch& captions) const {
    const StepPairs pairs = pairs_of(train_, captions);
    const auto count = static_cast<std::int64_t>(captions.size());
    HeadBatch batch{Matrix(count, sentences_.cols()), Matrix(count, train_.clips.cols()), groups_of(pairs)};
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      std::copy_n(sentences_.row(pairs.captions[at].front()), sentences_.cols(), batch.text.row(i));
      std::copy_n(train_.clips.row(pairs.clips[at]), train_.clips.cols(), batch.video.row(i));
    }
    return batch;
  }

  void take_step(const PairBatch& captions) {
    const double lr = rate();
    const HeadStep step = head_step(state_.head, gathered(captions));
    if (!std::isfinite(step.loss)) {
      throw Error(Fault::InvalidArgument, "lr",
                  "the loss became NaN or infinite in epoch " + std::to_string(state_.epoch),
                  "Use a lower learning rate");
    }
    update(state_.head, state_.moments, step, lr, options_.weight_decay);
    state_.loss_sum += step.loss;
    ++state_.step;
  }

  void finish_epoch(EpochReport report, Clock::time_point begin) {
    if (!val_.clip_of.empty()) {
      report.val_t2v = summarize(text_to_video_ranks(state_.head.embed_text(val_sentences_),
                                                     state_.head.embed_video(val_.clips), val_.clip_of));
      const double score = head_score(*report.val_t2v);
      if (report.epoch == 0 || score > state_.best_score + kRounding) {
        state_.best = state_.head;
        state_.best_score = score;
        state_.best_epoch = report.epoch;
      }
    }
    report.seconds = seconds_since(begin);
    state_.reports.push_back(report);
    state_.epoch = report.epoch + 1;
    state_.step = 0;
    state_.loss_sum = 0;
    if (observer_.on_epoch) observer_.on_epoch(report);
  }

  void tell_progress() {
    const Progress& progress = observer_.progress;
    if (!progress || progress({"epoch " + std::to_string(state_.epoch), state_.step, batches_.steps()}))
      return;
    save();
    throw Error(Fault::Interrupted, "training",
                "stopped in epoch " + std::to_string(state_.epoch) + " after step " +
                    std::to_string(state_.step) + " of " + std::to_string(batches_.steps()),
                "Run the same command again to resume");
  }

  void save() {
    write_head_state(state_file_, state_, identity_);
    last_save_ = Clock::now();
  }

  const PairData& train_;
  const PairData& val_;
  const Matrix& sentences_;
  Matrix val_sentences_;
  const HeadOptions& options_;
  const std::filesystem::path& state_file_;
  const HeadObserver& observer_;
  EpochBatches batches_;
  std::string identity_;
  HeadState state_;
  Clock::time_point last_save_ = Clock::now();
};

}  // namespace

double head_score(const RetrievalMetrics& t2v) { return std::cbrt(t2v["R@1"] * t2v["R@5"] * t2v["R@10"]); }

Matrix sentences_of(const PairData& pairs, const Matrix& sentences) {
  Matrix rows(static_cast<std::int64_t>(pairs.captions.size()), sentences.cols());
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    std::copy_n(sentences.row(pairs.captions[static_cast<std::size_t>(i)].front()), rows.cols(), rows.row(i));
  }
  return rows;
}

TrainedHead train_head(const PairData& train, const PairData& val, const Matrix& sentences,
                       double logit_scale, const HeadPlan& plan, const std::filesystem::path& state_file,
                       const HeadObserver& observer) {
  validate_sentences(train, sentences, "train");
  validate_sentences(val, sentences, "validation");
  if (val.clips.rows() > 0 && val.clips.cols() != train.clips.cols())
    throw Error(Fault::Mismatch, "validation features", "they are not as wide as the training features");
  set_compute_threads(plan.options.threads);
  keep_freed_memory();
  return HeadTraining(train, val, sentences, logit_scale, plan, state_file, observer).run();
}

}  // namespace tvr

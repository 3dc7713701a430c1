#include "model/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "data/error.h"
#include "model/batches.h"
#include "model/cuda/device_training.h"
#include "model/distributed/agreement.h"
#include "model/distributed/share.h"
#include "model/distributed/shared_state.h"
#include "model/embed.h"
#include "model/kernels/kernels.h"
#include "model/parallel.h"
#include "model/ranking_loss.h"
#include "model/train_state.h"
#include "model/training_step.h"

namespace tvr {
namespace {

constexpr double kPi = 3.14159265358979323846;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Everything that a step depends on: a state is resumed only with an equal identity.
std::string identity_of(const PairSource& train, const PairData& val, const Matrix& vectors,
                        const TrainingPlan& plan) {
  Checksum words;
  words.add(vectors.data(), static_cast<std::size_t>(vectors.rows() * vectors.cols()) * sizeof(float));
  return train.identity() + ' ' + std::to_string(checksum_of(val)) + ' ' + std::to_string(words.value()) +
         ' ' + plan.step_identity;
}

/// Throws Error(Mismatch) for weights of another shape.
Parameters given_parameters(const NamedTensors& weights, const EmbeddingShape& shape) {
  Parameters parameters = parameters_of(weights);
  const EmbeddingShape seen = shape_of(parameters, shape.max_words);
  const auto require = [](std::int64_t of_weights, std::int64_t of_training, const char* what,
                          const char* advice) {
    if (of_weights == of_training) return;
    throw Error(Fault::Mismatch, "initial weights",
                "they are for " + std::string(what) + " of " + std::to_string(of_weights) +
                    " values, this training has " + std::to_string(of_training),
                advice);
  };
  require(seen.word_dim, shape.word_dim, "word vectors", "Pass the word vectors they were trained with");
  require(seen.video_dim, shape.video_dim, "features",
          "Use the lanes and the pooling they were trained with");
  require(seen.embd_dim, shape.embd_dim, "embeddings", "Pass that size as --embd-dim");
  return parameters;
}

/// One call of train(): the inputs and the current state.
class Training {
 public:
  Training(const PairSource& train, const PairData& val, const Matrix& vectors, const TrainingPlan& plan,
           const std::filesystem::path& state_file, const TrainObserver& observer,
           const NamedTensors* initial, Collective& group)
      : train_(train),
        val_(val),
        vectors_(vectors),
        options_(plan.options),
        state_file_(state_file),
        observer_(observer),
        initial_(initial),
        identity_(identity_of(train, val, vectors, plan)),
        group_(group),
        shape_{vectors.cols(), train.video_dim(), plan.options.embd_dim, plan.options.max_words} {}

  TrainResult run() {
    start();
    while (!finished()) run_epoch();
    return result();
  }

 private:
  [[nodiscard]] bool is_first() const noexcept { return group_.rank() == 0; }

  void start() {
    require_equal_members();
    std::optional<TrainState> saved;
    if (is_first()) saved = read_state(state_file_, shape_, identity_);
    if (saved && static_cast<int>(saved->reports.size()) > options_.epochs) {
      throw Error(Fault::Mismatch, state_file_.string(),
                  "training is already past epoch " + std::to_string(options_.epochs),
                  "Ask for more epochs, or delete the file to train from scratch");
    }
    if (first_says(group_, saved.has_value())) {
      if (saved) state_ = std::move(*saved);
      share_out(state_, shape_, group_);
    } else {
      state_.weights = initial_ == nullptr ? initial_parameters(shape_, options_.seed)
                                           : given_parameters(*initial_, shape_);
      state_.adam.mean = state_.adam.variance =
          zero_parameters(shape_, share_of(shape_.embd_dim, group_).count());
      state_.log_scale.value = static_cast<float>(-std::log(options_.temperature));
    }
    if (options_.gpu >= 0)
      device_ = std::make_unique<DeviceTraining>(state_, train_, val_, vectors_, options_, options_.gpu);
    // An estimate until the first save: weights, two moments and best weights, at one gigabyte per second.
    save_seconds_ = 4e-9 * sizeof(float) * static_cast<double>(count_of(state_.weights));
    for (const EpochReport& report : state_.reports) tell_epoch(report);
    if (state_.epoch == 1 && state_.step == 0) tell_weights(0);
  }

  /// Their results must be equal to the bit.
  void require_equal_members() {
    require_equal(group_, "kernels", kernels().name,
                  "Start the ranks on processors of one kind: sums differ in their last bits between others");
    Checksum sum;
    sum.add(identity_.data(), identity_.size());
    require_equal(group_, "training", "data and options " + std::to_string(sum.value()),
                  "Give every rank the same files, options and environment");
  }

  [[nodiscard]] bool finished() const {
    const bool stale = options_.early_stop > 0 && state_.best_epoch > 0 &&
                       state_.epoch - 1 - state_.best_epoch >= options_.early_stop;
    return stale || state_.epoch > options_.epochs;
  }

  /// The learning rate at step `step` of the current epoch.
  [[nodiscard]] double rate(std::int64_t step) const {
    double lr = options_.lr * std::pow(options_.lr_decay, (state_.epoch - 1) / options_.lr_decay_epochs);
    if (options_.cosine) {
      const auto done = static_cast<double>((state_.epoch - 1) * train_.steps() + step);
      lr *= (1 + std::cos(kPi * done / static_cast<double>(options_.epochs * train_.steps()))) / 2;
    }
    return lr;
  }

  void run_epoch() {
    const Clock::time_point begin = Clock::now();
    const double lr = rate(0);  // as logged, also after a resume within the epoch
    const std::int64_t steps = train_.steps();
    if (device_) send();
    while (state_.step < steps) {
      tell_progress(steps);
      take_step();
      if (state_.step < steps) save_now_and_then();
    }
    finish_epoch(begin, lr, steps);
  }

  /// Sends the remaining batches of the epoch to the device.
  void send() {
    std::vector<StepPairs> batches;
    std::vector<double> rates;
    for (std::int64_t step = state_.step; step < train_.steps(); ++step) {
      batches.push_back(train_.batch(state_.epoch, step));
      rates.push_back(rate(step));
    }
    device_->begin(batches, rates, number_of(state_.step));
    loss_before_ = state_.loss_sum;
  }

  /// Copies the weights and moments on the device to state_: a gigabyte at full size, so only where it is
  /// needed.
  void fetch() {
    if (!device_) return;
    fetch_loss();
    device_->copy_to(state_);
  }

  void fetch_loss() {
    if (device_ && state_.step > 0) state_.loss_sum = loss_before_ + device_->loss_sum();
  }

  /// The number of step `step` of the current epoch, since training began.
  [[nodiscard]] std::uint64_t number_of(std::int64_t step) const {
    return static_cast<std::uint64_t>((state_.epoch - 1) * train_.steps() + step);
  }

  /// All pairs of a step, and the features of this process's share.
  struct StepInput {
    StepPairs pairs;
    Matrix features;
  };
  [[nodiscard]] StepInput read(int epoch, std::int64_t step) const {
    StepPairs pairs = train_.batch(epoch, step);
    const Share mine = share_of(static_cast<std::int64_t>(pairs.clips.size()), group_);
    Matrix features = train_.features({pairs.clips.begin() + mine.first, pairs.clips.begin() + mine.past});
    return {std::move(pairs), std::move(features)};
  }

  /// Starts to read the step after the current one, if there is one.
  void read_ahead() {
    const bool last = state_.step + 1 == train_.steps();
    if (last && state_.epoch == options_.epochs) return;
    const int epoch = last ? state_.epoch + 1 : state_.epoch;
    const std::int64_t step = last ? 0 : state_.step + 1;
    next_ = std::async(std::launch::async, [this, epoch, step] { return read(epoch, step); });
  }

  void take_step() {
    if (device_) {
      device_->step();
      ++state_.step;
      return;
    }
    const double lr = rate(state_.step);
    StepInput input = next_.valid() ? next_.get() : read(state_.epoch, state_.step);
    if (train_.is_on_disk()) read_ahead();
    const StepResult step = loss_and_gradients(
        state_.weights, static_cast<double>(state_.log_scale.value), input.pairs, std::move(input.features),
        vectors_, options_, {options_.dropout, options_.seed, number_of(state_.step)}, group_);
    require_finite_loss(step.loss);
    adam_step(state_.weights, state_.adam, step.gradients, lr, group_);
    if (options_.loss != RankingLoss::MaxMargin) learn_temperature(step.d_log_scale, lr);
    state_.loss_sum += step.loss;
    ++state_.step;
  }

  void require_finite_loss(double loss) const {
    if (std::isfinite(loss)) return;
    throw Error(Fault::InvalidArgument, "lr",
                "the loss became NaN or infinite in epoch " + std::to_string(state_.epoch),
                "Use a lower learning rate");
  }

  void learn_temperature(double gradient, double lr) {
    adam_step(state_.log_scale, state_.adam.step, gradient, lr);
    state_.log_scale.value = std::min(state_.log_scale.value, static_cast<float>(kHighestLogScale));
  }

  void finish_epoch(Clock::time_point begin, double lr, std::int64_t steps) {
    fetch_loss();
    require_finite_loss(state_.loss_sum);
    EpochReport report{state_.epoch, state_.loss_sum / static_cast<double>(steps), lr, 0, std::nullopt};
    if (!val_.clip_of.empty() && is_first()) measure(report);
    group_.broadcast(&state_.best_epoch, sizeof state_.best_epoch);
    report.seconds = seconds_since(begin);
    if (is_first()) state_.reports.push_back(report);
    ++state_.epoch;
    state_.step = 0;
    state_.loss_sum = 0;
    tell_weights(report.epoch);
    tell_epoch(report);
    if (!finished()) save_now_and_then();
  }

  void tell_weights(int epoch) {
    if (!observer_.on_weights || !is_first()) return;
    fetch();
    observer_.on_weights(epoch, state_.weights);
  }

  void tell_epoch(const EpochReport& report) const {
    if (observer_.on_epoch && is_first()) observer_.on_epoch(report);
  }

  void measure(EpochReport& report) {
    const RetrievalMetrics metrics = summarize(validation_ranks());
    report.val_t2v = metrics;
    const double score = metrics["R@1"] + metrics["R@5"] + metrics["R@10"];
    constexpr double kRounding = 1e-9;  // of the sum of three percentages
    if (state_.best_epoch != 0 && score <= state_.best_score + kRounding) return;
    if (device_) {
      device_->keep_best();  // on the device; fetch() copies it
    } else {
      state_.best = state_.weights;
    }
    state_.best_score = score;
    state_.best_epoch = state_.epoch;
  }

  [[nodiscard]] std::vector<double> validation_ranks() const {
    if (device_) return device_->validation_ranks();
    const Matrix text = embed_text(state_.weights, vectors_, val_.captions, options_.max_words);
    return text_to_video_ranks(text, embed_video(state_.weights, val_.clips), val_.clip_of);
  }

  void tell_progress(std::int64_t steps) {
    const Progress& progress = observer_.progress;
    const bool stop = progress && !progress({"epoch " + std::to_string(state_.epoch), state_.step, steps});
    if (!any_of(group_, stop)) return;
    save();
    refuse(group_, Error(Fault::Interrupted, "training",
                         "stopped in epoch " + std::to_string(state_.epoch) + " after step " +
                             std::to_string(state_.step) + " of " + std::to_string(steps),
                         "Run the same command again to resume"));
  }

  /// Saving may take a twentieth of the time: a state at full size is 0.8 to 1.1 GB. Steps lost when the
  /// process is killed are repeated with bitwise equal results.
  void save_now_and_then() {
    if (first_says(group_, seconds_since(last_save_) >= 20 * save_seconds_)) save();
  }

  /// Returns on every process when the state is on disk.
  void save() {
    const Clock::time_point begin = Clock::now();
    fetch();
    if (group_.size() == 1) {
      write_state(state_file_, state_, identity_);
    } else {
      AdamState whole{gather_moments(state_.adam.mean, shape_, group_),
                      gather_moments(state_.adam.variance, shape_, group_), state_.adam.step};
      std::swap(whole, state_.adam);
      if (is_first()) write_state(state_file_, state_, identity_);
      std::swap(whole, state_.adam);
      (void)first_says(group_, true);
    }
    last_save_ = Clock::now();
    save_seconds_ = seconds_since(begin);
  }

  TrainResult result() {
    if (!is_first()) return {};
    fetch();
    const bool measured = state_.best_epoch != 0;
    return {state_of(measured ? state_.best : state_.weights),
            measured ? state_.best_epoch : state_.epoch - 1};
  }

  const PairSource& train_;
  const PairData& val_;
  const Matrix& vectors_;
  const TrainOptions& options_;
  const std::filesystem::path& state_file_;
  const TrainObserver& observer_;
  const NamedTensors* const initial_;
  std::string identity_;
  Collective& group_;
  const EmbeddingShape shape_;
  TrainState state_;
  std::unique_ptr<DeviceTraining> device_;  // null: training runs on the CPU
  double loss_before_ = 0;                  // of the epoch's steps before those sent to the device
  Clock::time_point last_save_ = Clock::now();
  double save_seconds_ = 0;      // of the last save
  std::future<StepInput> next_;  // of a step that is read ahead; the last member: it reads the others
};

}  // namespace

TrainResult train(const PairSource& train, const PairData& val, const Matrix& vectors,
                  const TrainingPlan& plan, const std::filesystem::path& state_file,
                  const TrainObserver& observer, const NamedTensors* initial, Collective& group) {
  validate(val, vectors, "validation");
  if (val.clips.rows() > 0 && val.clips.cols() != train.video_dim()) {
    throw Error(Fault::Mismatch, "validation features",
                "they have " + std::to_string(val.clips.cols()) + " values, the training features " +
                    std::to_string(train.video_dim()));
  }
  if (plan.options.gpu >= 0 && (train.is_on_disk() || plan.options.loss == RankingLoss::MilNce)) {
    throw Error(Fault::Unsupported, "train-device",
                "on a GPU there is no training on pairs that are on disk, nor with mil-nce",
                "Use --train-device cpu");
  }
  if (plan.options.gpu >= 0 && group.size() > 1) {
    refuse(group, Error(Fault::Unsupported, "train-device", "several processes train on processors alone",
                        "Use --train-device cpu, or one process"));
  }
  set_compute_threads(plan.options.threads);
  keep_freed_memory();
  return Training(train, val, vectors, plan, state_file, observer, initial, group).run();
}

}  // namespace tvr

#pragma once

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <type_traits>

#include "data/choices.h"
#include "model/train_options.h"

namespace tvr {

/// What changing an option affects.
enum class Affects {
  Result,     // the trained weights
  Length,     // how long training runs: a finished training can be continued
  SpeedOnly,  // only how fast it runs
};

/// Values from `low` to `high`, both inclusive; NaN is in no range. A `low` of kAboveZero reads as "above 0";
/// a `high` of numeric_limits::max() means no upper bound.
template <class Value>
struct Range {
  Value low, high;

  [[nodiscard]] constexpr bool holds(Value value) const noexcept { return value >= low && value <= high; }
  /// "2 to 65536", "0 or more", "above 0, at most 1".
  [[nodiscard]] std::string text() const {
    using Limits = std::numeric_limits<Value>;
    const bool above_zero = std::is_floating_point_v<Value> && low == Limits::min();
    std::ostringstream out;
    if (above_zero) {
      out << "above 0";
    } else {
      out << low;
    }
    if (high < Limits::max()) {
      out << (above_zero ? ", at most " : " to ") << high;
    } else if (!above_zero) {
      out << " or more";
    }
    return out.str();
  }
};
constexpr double kAboveZero = std::numeric_limits<double>::min();
constexpr double kUnbounded = std::numeric_limits<double>::max();

/// On or off.
struct Switch {
  [[nodiscard]] static constexpr bool holds(bool) noexcept { return true; }
  [[nodiscard]] static std::string text() { return "true or false"; }
};

inline constexpr Choices<RankingLoss, 3> kLosses{
    {{"max-margin", RankingLoss::MaxMargin}, {"nce", RankingLoss::Nce}, {"mil-nce", RankingLoss::MilNce}}};
inline constexpr Choices<int, 2> kTrainDevices{{{"cpu", -1}, {"cuda", 0}}};

/// visit(name, value, domain, affects, help) for every option; the domain is a Range, a Switch or Choices.
/// Flags, their --help and their checks, and both identities of a TrainingPlan (which training state is
/// resumed, which checkpoint is up to date) are all derived from these rows. A member of TrainOptions without
/// a row does not compile.
template <class Options, class Visit>
constexpr void for_each_field(Options& o, const Visit& visit) {
  constexpr auto kResult = Affects::Result;
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  visit("epochs", o.epochs, Range<int>{1, 100000}, Affects::Length, "passes over the training clips");
  visit("batch-size", o.batch_size, Range<int>{2, 65536}, kResult, "clips per step");
  visit("embd-dim", o.embd_dim, Range<std::int64_t>{1, 65536}, kResult, "size of the joint embedding");
  visit("max-words", o.max_words, Range<int>{1, 1000}, kResult, "words of each caption that are used");
  visit("loss", o.loss, kLosses, kResult,
        "max-margin (the reference's), nce: symmetric InfoNCE with a learned temperature, or mil-nce: of "
        "narrations, with --candidates lines per clip");
  visit("margin", o.margin, Range<double>{0, 2}, kResult, "margin of the max-margin ranking loss");
  visit("temperature", o.temperature, Range<double>{0.01, 1}, kResult,
        "initial temperature of InfoNCE and MIL-NCE (learned)");
  visit("n-pair", o.n_pair, Range<int>{1, 1000}, kResult, "captions per clip in each batch");
  visit("negative-weighting", o.negative_weighting, Switch{}, kResult,
        "max-margin with --n-pair: weight intra-video negatives by --hard-negative-rate");
  visit("hard-negative-rate", o.hard_negative_rate, Range<double>{kAboveZero, 1}, kResult,
        "weight of intra-video (hard) negatives in the loss");
  visit("lr", o.lr, Range<double>{kAboveZero, kUnbounded}, kResult, "learning rate of Adam");
  visit("lr-decay", o.lr_decay, Range<double>{kAboveZero, 1}, kResult,
        "factor applied to the learning rate every --lr-decay-epochs");
  visit("lr-decay-epochs", o.lr_decay_epochs, Range<int>{1, 100000}, kResult,
        "epochs between decays of the learning rate");
  visit("cosine", o.cosine, Switch{}, kResult, "cosine-anneal the learning rate to zero");
  visit("dropout", o.dropout, Range<double>{0, 0.9}, kResult,
        "share of the features and of the pooled words that each step leaves out");
  visit("early-stop", o.early_stop, Range<int>{0, 100000}, kResult,
        "stop after this many epochs without improvement on validation; 0: never");
  visit("seed", o.seed, Range<std::uint64_t>{0, kMost}, kResult,
        "seed for initial weights, order of clips and choice of captions");
  visit("threads", o.threads, Range<int>{0, 1024}, Affects::SpeedOnly, "training threads; 0: one per core");
  visit("train-device", o.gpu, kTrainDevices, Affects::SpeedOnly,
        "device for training: cpu (repeatable to the bit) or cuda");
}

/// Throws Error(InvalidArgument) naming the first option out of its range.
[[nodiscard]] TrainingPlan plan_training(const TrainOptions& options);

}  // namespace tvr

#pragma once

#include <limits>

#include "model/head_options.h"
#include "model/train_fields.h"

namespace tvr {

/// visit(name, value, domain, affects, help) for every option of a head's training: the second table of the
/// kind of for_each_field() (model/train_fields.h). An option that both trainings have bears one name.
template <class Options, class Visit>
constexpr void for_each_head_field(Options& o, const Visit& visit) {
  constexpr auto kResult = Affects::Result;
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  visit("epochs", o.epochs, Range<int>{1, 100000}, kResult, "passes over the training clips");
  visit("batch-size", o.batch_size, Range<int>{2, 65536}, kResult, "clips per step");
  visit("lr", o.lr, Range<double>{kAboveZero, kUnbounded}, kResult, "learning rate of Adam");
  visit("weight-decay", o.weight_decay, Range<double>{0, kUnbounded}, kResult,
        "with --text encoder: decoupled weight decay (AdamW), which pulls the head to the pretrained pair");
  visit("seed", o.seed, Range<std::uint64_t>{0, kMost}, kResult,
        "seed for the order of clips and the choice of captions");
  visit("threads", o.threads, Range<int>{0, 1024}, Affects::SpeedOnly, "training threads; 0: one per core");
}

/// Throws Error(InvalidArgument) naming the first option out of its range.
[[nodiscard]] HeadPlan plan_head(const HeadOptions& options);

}  // namespace tvr

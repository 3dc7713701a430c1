#pragma once

#include <filesystem>
#include <functional>

#include "data/progress.h"
#include "model/epoch_report.h"
#include "model/head.h"
#include "model/head_options.h"
#include "model/pairs.h"

namespace tvr {

/// Who is called while train_head() works; each may be empty.
struct HeadObserver {
  /// Every epoch from 0, which is the pretrained pair (its loss and rate are NaN), including those before a
  /// resume.
  std::function<void(const EpochReport&)> on_epoch;
  Progress progress;  // steps of the current epoch
};

struct TrainedHead {
  Head head;
  int epoch = 0;  // that it is of; 0: the pretrained pair, as no epoch was better
};

/// The score that the epoch is chosen by: the geometric mean of R@1, R@5 and R@10.
[[nodiscard]] double head_score(const RetrievalMetrics& t2v);

/// Trains a head by symmetric InfoNCE with a learned temperature that begins at the pair's `logit_scale` and
/// does not exceed 100 (CLIP's bound), AdamW and a rate that falls to zero by a cosine. A caption is a
/// sentence: pairs.captions[i] = {its row of `sentences` [S, D]}. Before the first epoch and after each it
/// is measured on `val`, text to video; the head is that of the first epoch with the highest head_score(),
/// without validation that of the last. It depends neither on threads nor on interruptions.
///
/// The state is kept in `state_file` at most once a second, and when progress says stop; a training whose
/// file is there goes on from it. Delete it once the result is saved.
///
/// Throws Error(Interrupted) when progress says stop, Error(Mismatch) for clips that do not fill a batch,
/// that are narrower than sentences, or for a state of other data or options, Error(Corrupt) for a damaged
/// state or for values that are not finite, Error(InvalidArgument) for a rate at which the loss overflows.
[[nodiscard]] TrainedHead train_head(const PairData& train, const PairData& val, const Matrix& sentences,
                                     double logit_scale, const HeadPlan& plan,
                                     const std::filesystem::path& state_file, const HeadObserver& observer);

/// The sentences of the pairs' captions, in order: [captions, D].
[[nodiscard]] Matrix sentences_of(const PairData& pairs, const Matrix& sentences);

}  // namespace tvr

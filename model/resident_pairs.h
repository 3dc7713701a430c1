#pragma once

#include <memory>
#include <vector>

#include "data/mutex.h"
#include "model/batches.h"
#include "model/pair_source.h"
#include "model/train_options.h"

namespace tvr {

/// The pairs of a split held in memory (MSR-VTT: 7010 clips), in the batches that EpochBatches draws.
class ResidentPairs : public PairSource {
 public:
  /// Keeps a reference to `pairs`. `vectors`: the word vectors of the captions' ids, used only for the check.
  /// Throws Error(InvalidArgument) for pairs that are inconsistent, Error(Mismatch) for fewer than fill one
  /// batch, Error(Corrupt) for a feature that is not finite.
  ResidentPairs(const PairData& pairs, const Matrix& vectors, const TrainingPlan& plan);

  [[nodiscard]] std::int64_t clip_count() const noexcept override { return pairs_.clips.rows(); }
  [[nodiscard]] std::int64_t video_dim() const noexcept override { return pairs_.clips.cols(); }
  [[nodiscard]] std::int64_t steps() const noexcept override { return batches_.steps(); }
  [[nodiscard]] StepPairs batch(int epoch, std::int64_t step) const override;
  [[nodiscard]] Matrix features(const std::vector<std::int32_t>& clips) const override;
  [[nodiscard]] std::string identity() const override;

 private:
  using Epoch = std::vector<PairBatch>;
  [[nodiscard]] std::shared_ptr<const Epoch> batches_of(int epoch) const;

  const PairData& pairs_;
  EpochBatches batches_;
  mutable Mutex mutex_;
  mutable int drawn_epoch_ TVR_GUARDED_BY(mutex_) = 0;  // 0: none
  /// The batches of that epoch, kept because drawing them shuffles all clips.
  mutable std::shared_ptr<const Epoch> drawn_ TVR_GUARDED_BY(mutex_);
};

/// The pairs of these captions of `pairs`.
[[nodiscard]] StepPairs pairs_of(const PairData& pairs, const PairBatch& captions);

}  // namespace tvr

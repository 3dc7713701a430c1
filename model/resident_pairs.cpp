#include "model/resident_pairs.h"

#include <algorithm>
#include <utility>

namespace tvr {
namespace {

const PairData& checked(const PairData& pairs, const Matrix& vectors) {
  validate(pairs, vectors, "train");
  return pairs;
}

}  // namespace

ResidentPairs::ResidentPairs(const PairData& pairs, const Matrix& vectors, const TrainingPlan& plan)
    : pairs_(checked(pairs, vectors)),
      batches_(pairs, plan.options.batch_size, plan.options.n_pair, plan.options.seed) {}

std::shared_ptr<const ResidentPairs::Epoch> ResidentPairs::batches_of(int epoch) const {
  const MutexLock lock(mutex_);
  if (drawn_epoch_ != epoch) {
    drawn_ = std::make_shared<const Epoch>(batches_.epoch(epoch));
    drawn_epoch_ = epoch;
  }
  return drawn_;
}

StepPairs ResidentPairs::batch(int epoch, std::int64_t step) const {
  const std::shared_ptr<const Epoch> batches = batches_of(epoch);
  return pairs_of(pairs_, (*batches)[static_cast<std::size_t>(step)]);
}

Matrix ResidentPairs::features(const std::vector<std::int32_t>& clips) const {
  Matrix rows(static_cast<std::int64_t>(clips.size()), pairs_.clips.cols());
  for (std::size_t b = 0; b < clips.size(); ++b)
    std::copy_n(pairs_.clips.row(clips[b]), rows.cols(), rows.row(static_cast<std::int64_t>(b)));
  return rows;
}

std::string ResidentPairs::identity() const { return std::to_string(checksum_of(pairs_)); }

StepPairs pairs_of(const PairData& pairs, const PairBatch& captions) {
  StepPairs step;
  for (const std::int32_t index : captions) {
    const auto caption = static_cast<std::size_t>(index);
    step.clips.push_back(pairs.clip_of[caption]);
    step.captions.push_back(pairs.captions[caption]);
  }
  return step;
}

}  // namespace tvr

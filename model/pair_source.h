#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// The pairs of one step: captions b C to (b + 1) C - 1 are the candidates for clip number clips[b]. There is
/// one candidate, C = 1, except for MIL-NCE.
struct StepPairs {
  std::vector<std::int32_t> clips;                  // [N]; one per pair
  std::vector<std::vector<std::int32_t>> captions;  // [N C], word ids; a caption may be empty
};

/// A number per pair of the step (C = 1), equal for pairs that are not negatives of each other: those of one
/// clip, and those of clips that share a caption, word for word.
[[nodiscard]] std::vector<std::int32_t> groups_of(const StepPairs& pairs);

/// Source of the training pairs. A batch is a pure function of (epoch, step), so a resumed run needs no saved
/// reader state, and several processes see the same batches. The interface does not require
/// all pairs in memory: a source may read captions and features on demand. Thread-safe.
class PairSource {
 public:
  virtual ~PairSource() = default;

  [[nodiscard]] virtual std::int64_t clip_count() const noexcept = 0;
  [[nodiscard]] virtual std::int64_t video_dim() const noexcept = 0;  // Dv
  [[nodiscard]] virtual std::int64_t steps() const noexcept = 0;      // per epoch; >= 1
  /// Whether batch() and features() take long enough for the next step to be read while one is computed.
  [[nodiscard]] virtual bool is_on_disk() const noexcept { return false; }

  /// The pairs of step `step` (from 0) in epoch `epoch` (from 1).
  [[nodiscard]] virtual StepPairs batch(int epoch, std::int64_t step) const = 0;
  /// The features of these clips, [N, Dv]; each number is below clip_count(), in any order.
  [[nodiscard]] virtual Matrix features(const std::vector<std::int32_t>& clips) const = 0;

  /// What was odd about the pairs that features() has given so far, one sentence each.
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }

  /// A digest of everything that determines the pairs and is not in TrainOptions: a training state is resumed
  /// only with an equal identity.
  [[nodiscard]] virtual std::string identity() const = 0;
};

}  // namespace tvr

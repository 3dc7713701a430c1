#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// A process's part of every batch: rank 0 to size - 1.
struct Part {
  int rank = 0, size = 1;
};

/// Pairs of a step, side by side: captions[b] describes clip number clips[b].
struct StepPairs {
  std::vector<std::int32_t> clips;                  // [N]; equal numbers are no negatives of each other
  std::vector<std::vector<std::int32_t>> captions;  // [N], ids of words; may be empty
};

/// Where the pairs of a training step come from. A batch is a pure function of (epoch, step), so a resumed
/// run needs no reader's state and several processes see the batches of one. Nothing here holds all pairs at
/// once: a source may read captions and features as they are asked for. Safe from many threads.
class PairSource {
 public:
  virtual ~PairSource() = default;

  [[nodiscard]] virtual std::int64_t clip_count() const noexcept = 0;
  [[nodiscard]] virtual std::int64_t video_dim() const noexcept = 0;  // Dv
  [[nodiscard]] virtual std::int64_t steps() const noexcept = 0;      // per epoch; >= 1

  /// Pairs [rank * N / size, (rank + 1) * N / size) of the N of step `step` (from 0) in epoch `epoch` (from
  /// 1).
  [[nodiscard]] virtual StepPairs batch(int epoch, std::int64_t step, Part part) const = 0;
  /// The features of these clips, [N, Dv]; every number below clip_count(), in any order.
  [[nodiscard]] virtual Matrix features(const std::vector<std::int32_t>& clips) const = 0;

  /// A digest of all that decides the pairs and is not in TrainOptions: a training state is continued by an
  /// equal one only.
  [[nodiscard]] virtual std::string identity() const = 0;
};

}  // namespace tvr

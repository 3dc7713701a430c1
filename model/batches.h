#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "model/pairs.h"

namespace tvr {

/// The pairs of one step, as indices of captions: caption b describes clip clip_of[b].
using PairBatch = std::vector<std::int32_t>;

/// Checks what the arithmetic relies on: one clip per caption, word ids within `vectors`, every value finite.
/// Throws Error(InvalidArgument | Corrupt) naming `what` and the first offender.
void validate(const PairData& pairs, const Matrix& vectors, const char* what);

/// Checksum of features, captions and indices.
[[nodiscard]] std::uint64_t checksum_of(const PairData& pairs) noexcept;

/// Divides an epoch into batches: every clip with a caption once, in an order drawn from (seed, epoch), each
/// with one of its captions drawn from (seed, epoch, clip); the last incomplete batch is dropped. With n_pair
/// > 1, every video once, with n_pair of its captions side by side; captions repeat only when it has fewer.
class EpochBatches {
 public:
  /// Keeps no reference to `pairs`. Throws Error(Mismatch) when there are fewer clips (videos) than
  /// `batch_size`.
  EpochBatches(const PairData& pairs, int batch_size, int n_pair, std::uint64_t seed);

  [[nodiscard]] std::int64_t steps() const noexcept;  // per epoch
  [[nodiscard]] std::vector<PairBatch> epoch(int epoch) const;

 private:
  std::vector<std::vector<std::int32_t>> captions_of_;  // per clip or video that has captions
  std::size_t batch_size_, n_pair_;
  std::uint64_t seed_;
};

}  // namespace tvr

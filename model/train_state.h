#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/adam.h"
#include "model/parameters.h"
#include "model/trainer.h"

namespace tvr {

/// Everything that the next step depends on. There is no generator state: random numbers are drawn by
/// position.
struct TrainState {
  Parameters weights;
  AdamState adam;
  AdamScalar log_scale;              // of the InfoNCE loss: the logarithm of 1 / temperature
  int epoch = 1;                     // the epoch under way, from 1
  std::int64_t step = 0;             // steps of it that are done
  double loss_sum = 0;               // over those steps
  std::vector<EpochReport> reports;  // of the epochs before it
  Parameters best;                   // empty without a validation part or before its first measurement
  double best_score = 0;
  int best_epoch = 0;
};

/// Format: "tvr train state 1\n", the header's length as 8 little-endian bytes, the header (JSON: shape,
/// identity, counters, reports), the float32 arrays of weights, mean, variance and best (layer by
/// layer, weight then bias, as they lie in memory), and a 64-bit checksum of all that. One file, written
/// aside, synced and renamed: whole or absent. `identity` names data and options; a state is only read back
/// by the same.
void write_state(const std::filesystem::path& file, const TrainState& state, const std::string& identity);

/// nullopt when there is no such file. Throws Error(Corrupt) for a damaged one, Error(Mismatch) when it
/// belongs to other data, options or sizes, Error(Unreadable).
[[nodiscard]] std::optional<TrainState> read_state(const std::filesystem::path& file,
                                                   const EmbeddingShape& shape, const std::string& identity);

/// 64 bits that change when any byte does; for accidents, not for adversaries.
class Checksum {
 public:
  void add(const void* bytes, std::size_t count) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0x9e3779b97f4a7c15ULL;
};

}  // namespace tvr

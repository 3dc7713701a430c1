#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/adam.h"
#include "model/epoch_report.h"
#include "model/parameters.h"

namespace tvr {

/// Everything that the next step depends on. There is no generator state: random numbers are drawn by
/// position.
struct TrainState {
  Parameters weights;
  AdamState adam;
  AdamScalar log_scale;              // of InfoNCE: log(1 / temperature)
  int epoch = 1;                     // the current epoch, from 1
  std::int64_t step = 0;             // completed steps of it
  double loss_sum = 0;               // over those steps
  std::vector<EpochReport> reports;  // of the epochs before it
  Parameters best;                   // empty without a validation split or before it is first evaluated
  double best_score = 0;
  int best_epoch = 0;
};

/// Format: "tvr train state 1\n", the header's length as 8 little-endian bytes, the header (JSON: shape,
/// identity, counters, reports), the float32 arrays of weights, mean, variance and best (layer by layer,
/// weight then bias, as they lie in memory), and a 64-bit checksum of all that. Written to a temporary file,
/// synced and renamed: the file is complete or absent. `identity` identifies data and options; a state is
/// only resumed with an equal one.
void write_state(const std::filesystem::path& file, const TrainState& state, const std::string& identity);

/// nullopt when there is no such file. Throws Error(Corrupt) for a damaged one, Error(Mismatch) when it
/// belongs to other data, options or sizes, Error(Unreadable).
[[nodiscard]] std::optional<TrainState> read_state(const std::filesystem::path& file,
                                                   const EmbeddingShape& shape, const std::string& identity);

/// A 64-bit checksum that detects accidental damage; not cryptographic.
class Checksum {
 public:
  void add(const void* bytes, std::size_t count) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0x9e3779b97f4a7c15ULL;
};

}  // namespace tvr

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/epoch_report.h"
#include "model/head.h"
#include "model/head_step.h"

namespace tvr {

/// Everything that the next step of a head's training depends on, and the best head so far.
struct HeadState {
  Head head;
  HeadMoments moments;
  int epoch = 0;                     // the current one, from 1; 0: the pretrained pair is not measured yet
  std::int64_t step = 0;             // completed steps of it
  double loss_sum = 0;               // over those
  Head best;                         // that of best_epoch
  double best_score = 0;             // on validation
  int best_epoch = 0;                // 0: the pretrained pair
  std::vector<EpochReport> reports;  // of the epochs before the current one; the first is epoch 0
};

/// A state dict (.pth), written whole or not at all. `identity` is that of data and options.
void write_head_state(const std::filesystem::path& file, const HeadState& state, const std::string& identity);

/// nullopt when there is no such file. Throws Error(Mismatch) when it belongs to other data or options,
/// Error(Corrupt) for a damaged one.
[[nodiscard]] std::optional<HeadState> read_head_state(const std::filesystem::path& file, std::int64_t dim,
                                                       std::int64_t video_dim, const std::string& identity);

}  // namespace tvr

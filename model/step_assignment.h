#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"

namespace tvr {

// Which frames of a video show the steps of its task, from scores [T, K] of T frames and K >= 1 steps.

/// In place of a step: a frame that shows none. In place of a frame: a step that has none.
inline constexpr std::int32_t kNone = -1;

struct AssignmentRules {
  bool exactly_one = true;     // one frame per step; false: one or more in a row
  double background_cost = 0;  // of a frame that shows no step
};

/// The cheapest way to show all steps once, in their order, with frames that show none before, between and
/// after them: the dynamic programme of CrossTask (Zhukov et al., CVPR 2019; dp.pyx), its choice among equals
/// included (the last step prefers the last frame, the others the first). costs [T, K], finite; sums are in
/// double. Returns the step of each frame, [T]. With T = K frame j shows step j, with fewer frames than steps
/// none shows any; the original reads beyond its arrays there.
[[nodiscard]] std::vector<std::int32_t> assign_in_order(const Matrix& costs,
                                                        const AssignmentRules& rules = {});

/// The frame of each step, [K], in the cheapest assignment in order for costs of -score: the highest sum of
/// scores. kNone for all where there are fewer frames than steps.
[[nodiscard]] std::vector<std::int32_t> frames_in_order(const Matrix& scores);
/// The frame with the highest score of each step, the first of equal ones, whatever the order of the steps.
[[nodiscard]] std::vector<std::int32_t> frames_in_any_order(const Matrix& scores);
/// A guess without looking: the middles of K equal parts of the video, floor((2 j + 1) T / (2 K)). kNone as
/// above.
[[nodiscard]] std::vector<std::int32_t> uniform_frames(std::int64_t frames, std::int64_t steps);

/// log(softmax) of each frame's scores over the steps: steps then compete for a frame.
[[nodiscard]] Matrix log_softmax(const Matrix& scores);

}  // namespace tvr

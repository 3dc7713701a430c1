#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "model/head.h"
#include "model/towers.h"

namespace tvr {

/// The pairs of a step: row i of both belong together.
struct HeadBatch {
  Matrix text;                       // [N, D]
  Matrix video;                      // [N, Dx]
  std::vector<std::int32_t> groups;  // [N]: pairs of equal number are not negatives (groups_of())
};

struct HeadStep {
  double loss = 0;             // nce_loss(): symmetric InfoNCE
  LinearGradient text, video;  // of A and B, in factors
  double d_log_scale = 0;
};

/// The loss of a batch and its gradients in closed form. Does not depend on the number of threads.
[[nodiscard]] HeadStep head_step(const Head& head, HeadBatch batch);

/// The moments of AdamW (Loshchilov and Hutter, arXiv:1711.05101; torch.optim.AdamW): beta 0.9 and 0.999, eps
/// 1e-8.
struct HeadMoments {
  Head mean, variance;     // of the head's shape
  std::int64_t steps = 0;  // taken so far
};

/// One step of AdamW. The weights decay, the temperature does not; it does not exceed CLIP's bound of 100.
void update(Head& head, HeadMoments& moments, const HeadStep& step, double lr, double weight_decay);

}  // namespace tvr

#pragma once

#include <cstdint>

#include "model/distributed/collective.h"
#include "model/kernels/kernels.h"
#include "model/parameters.h"
#include "model/towers.h"

namespace tvr {

/// torch.optim.Adam with its defaults (Kingma and Ba, 2015): beta 0.9 and 0.999, eps 1e-8, no weight decay.
/// Of several processes each has the moments of its share of every weight's rows alone, and of all biases.
struct AdamState {
  Parameters mean;      // exponential moving average of the gradients
  Parameters variance;  // and of their squares (uncentred)
  std::int64_t step = 0;
};

/// A single parameter with its moments.
struct AdamScalar {
  float value = 0, mean = 0, variance = 0;
};

/// The bias-corrected rates of step `step`, counted from 1.
[[nodiscard]] AdamRates adam_rates(std::int64_t step, double lr) noexcept;

/// One step on all parameters. Each gradient is applied as soon as it is computed, so memory is traversed
/// once and no gradient is stored. Each process of a group computes its share of every weight's rows, of
/// which it needs the columns of dy alone, and gets the others' rows.
void adam_step(Parameters& parameters, AdamState& state, const Gradients& gradients, double lr,
               Collective& group = alone());

/// A step at these rates on rows `first` on of a matrix, whose gradient is dy^T x: on as many as the moments
/// have.
void adam_step(Matrix& weight, Matrix& mean, Matrix& variance, const LinearGradient& gradient,
               const AdamRates& rates, std::int64_t first = 0);

/// Step `step` (counted from 1) on a single parameter.
void adam_step(AdamScalar& scalar, std::int64_t step, double gradient, double lr);

}  // namespace tvr

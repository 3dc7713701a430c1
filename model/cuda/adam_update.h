#pragma once

#include <cmath>

#include "model/kernels/kernels.h"

#ifdef __CUDACC__
#define TVR_HOST_DEVICE __host__ __device__
#else
#define TVR_HOST_DEVICE
#endif

namespace tvr::gpu {

/// The update of torch.optim.Adam for one value, with beta 0.9 and 0.999, eps 1e-8; the same source for host
/// and device.
TVR_HOST_DEVICE inline void adam_update(float& value, float& mean, float& variance, float gradient,
                                        AdamRates rates) {
  mean = 0.9F * mean + 0.1F * gradient;
  variance = 0.999F * variance + 0.001F * gradient * gradient;
  // sqrtf is correctly rounded on host and device.
  value -= rates.step_size * mean / (sqrtf(variance) * rates.root_correction + 1e-8F);
}

}  // namespace tvr::gpu

#pragma once

#include "data/choices.h"

namespace tvr {

/// The arithmetic of a network's products.
enum class Precision { Fp32, Bf16, Fp16, Tf32 };  // the last two on GPUs only
inline constexpr Choices<Precision, 4> kPrecisions{{{"fp32", Precision::Fp32},
                                                    {"bf16", Precision::Bf16},
                                                    {"fp16", Precision::Fp16},
                                                    {"tf32", Precision::Tf32}}};

}  // namespace tvr

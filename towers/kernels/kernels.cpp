#include "towers/kernels/kernels.h"

namespace tvr {

const TowerKernels& tower_kernels() noexcept {
#ifdef TVR_TOWERS_X86
  if (__builtin_cpu_supports("avx512f")) return kAvx512TowerKernels;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2TowerKernels;
#endif
  return kBaselineTowerKernels;
}

}  // namespace tvr

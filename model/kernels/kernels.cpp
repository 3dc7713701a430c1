#include "model/kernels/kernels.h"

namespace tvr {

const Kernels& kernels() noexcept {
#ifdef TVR_X86
  if (__builtin_cpu_supports("avx512f")) return kAvx512Kernels;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2Kernels;
#endif
  return kBaselineKernels;
}

}  // namespace tvr

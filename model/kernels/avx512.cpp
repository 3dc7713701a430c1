#include <immintrin.h>

#define TVR_KERNELS kAvx512Kernels
#define TVR_KERNELS_NAME "avx512"
#define TVR_LANES 16
#define TVR_TILE_ROWS 8
#define TVR_FROM_HALVES(halves) \
  _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves)))
#include "model/kernels/kernels_body.h"

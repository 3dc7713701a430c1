#define TVR_KERNELS kAvx512Kernels
#define TVR_KERNELS_NAME "avx512"
#define TVR_LANES 16
#define TVR_TILE_ROWS 8
#include "model/kernels/kernels_body.h"

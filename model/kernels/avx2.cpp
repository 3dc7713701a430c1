#define TVR_KERNELS kAvx2Kernels
#define TVR_KERNELS_NAME "avx2"
#define TVR_LANES 8
#define TVR_TILE_ROWS 4
#include "model/kernels/kernels_body.h"

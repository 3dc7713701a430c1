#define TVR_KERNELS kBaselineKernels
#define TVR_KERNELS_NAME "baseline"
#define TVR_LANES 4
#define TVR_TILE_ROWS 4
#include "model/kernels/kernels_body.h"

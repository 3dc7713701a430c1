#define TVR_TOWER_KERNELS kBaselineTowerKernels
#define TVR_LANES 4
#define TVR_TILE_ROWS 4
#include "towers/kernels/kernels_body.h"

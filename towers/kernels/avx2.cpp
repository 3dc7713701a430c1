#define TVR_TOWER_KERNELS kAvx2TowerKernels
#define TVR_LANES 8
#define TVR_TILE_ROWS 4
#include "towers/kernels/kernels_body.h"

#define TVR_TOWER_KERNELS kAvx512TowerKernels
#define TVR_LANES 16
#define TVR_TILE_ROWS 8
#include "towers/kernels/kernels_body.h"

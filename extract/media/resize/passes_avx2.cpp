#define TVR_PASSES kAvx2Passes
#define TVR_PASSES_NAME "avx2"
#include "extract/media/resize/passes_x86.h"

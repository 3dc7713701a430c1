#define TVR_PASSES kAvx512Passes
#define TVR_PASSES_NAME "avx512"
#include "extract/media/resize/passes_x86.h"

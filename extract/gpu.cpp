#include "extract/gpu.h"

#include "data/error.h"

namespace tvr {

void require_gpu(int gpu) {
  const int count = gpu_count();
  if (gpu < count) return;
  throw Error(Fault::Unsupported, "GPU " + std::to_string(gpu),
              count == 0 ? missing_for_gpu() : "the highest GPU number is " + std::to_string(count - 1),
              "Use --device cpu or auto, and a preset without -gpu; `pipeline doctor` shows details");
}

}  // namespace tvr

#pragma once

#include <cstdint>

namespace tvr {

/// Defaults of `pipeline run --demo`: small networks and a training of seconds.
struct DemoRecipe {
  const char* model_2d = "demo2d";
  const char* model_3d = "demo3d";
  std::int64_t embd_dim = 256;
  int epochs = 100;
  int batch_size = 32;
  double lr = 1e-3;
};

}  // namespace tvr

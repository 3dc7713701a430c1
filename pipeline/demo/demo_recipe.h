#pragma once

#include <cstdint>

namespace tvr {

/// What `pipeline run --demo` uses where the user has said nothing: small networks and a training of seconds.
struct DemoRecipe {
  const char* model_2d = "demo2d";
  const char* model_3d = "demo3d";
  std::int64_t embd_dim = 256;
  int epochs = 100;
  int batch_size = 32;
  double lr = 1e-3;
};

}  // namespace tvr

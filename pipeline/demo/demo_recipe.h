#pragma once

namespace tvr {

/// The networks of `pipeline run --demo`: small ones.
struct DemoRecipe {
  const char* model_2d = "demo2d";
  const char* model_3d = "demo3d";
};

}  // namespace tvr

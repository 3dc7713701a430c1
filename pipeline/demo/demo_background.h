#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/demo/demo_random.h"
#include "pipeline/demo/demo_scene.h"

namespace tvr {

/// A textured image as bgr24 [240, 320, 3]: nearly grey, so that its colour is not mistaken for an object's.
[[nodiscard]] std::vector<std::uint8_t> draw_background(DemoTexture texture, DemoTone tone,
                                                        DemoRandom& random);

}  // namespace tvr

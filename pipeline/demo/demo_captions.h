#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/demo/demo_scene.h"

namespace tvr {

/// `count` different English sentences about the scene, from a small grammar with synonyms; lower case, no
/// punctuation, at most 20 words. The first tells everything (shape, colour, size, motion, background), so
/// that it fits this scene alone; others may leave things out, as people do.
[[nodiscard]] std::vector<std::string> write_captions(const DemoScene& scene, int count, std::uint64_t seed,
                                                      std::uint64_t clip);

}  // namespace tvr

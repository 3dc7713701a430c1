#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/demo/demo_scene.h"

namespace tvr {

/// `count` distinct English sentences that describe the scene, from a small grammar with synonyms; lower
/// case, no punctuation, at most 20 words. The first mentions everything (shape, colour, size, motion,
/// background), so that it identifies the scene; the others may omit things, as people do.
[[nodiscard]] std::vector<std::string> write_captions(const DemoScene& scene, int count, std::uint64_t seed,
                                                      std::uint64_t clip);

}  // namespace tvr

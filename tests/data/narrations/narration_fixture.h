#pragma once

#include <random>
#include <string>

#include "data/narrations/narration.h"

namespace tvr::testing {

/// Lines as YouTube's captions have them: each begins while the one before is still spoken. The same on every
/// machine.
inline Narration narration_of(std::uint32_t seed, std::size_t lines) {
  std::mt19937 random(seed);
  Narration narration;
  double time = 0.01 * static_cast<double>(random() % 500);
  for (std::size_t i = 0; i < lines; ++i) {
    narration.start.push_back(time);
    narration.end.push_back(time + 0.001 * static_cast<double>(2000 + random() % 4000));
    time += 0.001 * static_cast<double>(1000 + random() % 3000);
    std::string text;
    for (unsigned words = random() % 12; words > 0; --words)
      text += (text.empty() ? "" : " ") + std::to_string(random() % 1000);
    narration.text.push_back(text);
  }
  return narration;
}

inline bool same(const Narration& a, const Narration& b) {
  return a.start == b.start && a.end == b.end && a.text == b.text;
}

}  // namespace tvr::testing

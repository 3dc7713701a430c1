#include "pipeline/demo/demo_background.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "pipeline/demo/demo_motion.h"

namespace tvr {
namespace {

/// Brightness of a texture at a pixel, in [-1, 1].
using Pattern = std::function<double(int x, int y)>;

Pattern striped(DemoRandom& random) {
  const double angle = random.between(-0.6, 0.6);
  const double period_px = random.between(22, 30);
  const double shift = random.between(0, 1);
  return [=](int x, int y) {
    const double phase = (x * std::cos(angle) + y * std::sin(angle)) / period_px + shift;
    return phase - std::floor(phase) < 0.5 ? -1.0 : 1.0;
  };
}

Pattern checkered(DemoRandom& random) {
  const int side_px = 18 + random.below(8);
  const int x0 = random.below(100);
  const int y0 = random.below(100);
  return [=](int x, int y) { return ((x + x0) / side_px + (y + y0) / side_px) % 2 == 0 ? -1.0 : 1.0; };
}

Pattern dotted(DemoRandom& random) {
  const int pitch_px = 20 + random.below(6);
  const int x0 = random.below(100);
  const int y0 = random.below(100);
  return [=](int x, int y) {
    const int dx = (x + x0) % pitch_px - pitch_px / 2;
    const int dy = (y + y0) % pitch_px - pitch_px / 2;
    return 16 * (dx * dx + dy * dy) < pitch_px * pitch_px ? 1.0 : -0.6;
  };
}

Pattern wavy(DemoRandom& random) {
  const double period_px = random.between(16, 22);
  const double swing_px = random.between(6, 9);
  const double length_px = random.between(50, 70);
  const double shift = random.between(0, 6);
  return [=](int x, int y) {
    return std::sin(6.283 * (y + swing_px * std::sin(6.283 * x / length_px + shift)) / period_px + shift);
  };
}

/// Random values on a grid `cell_px` wide, blended between the grid points.
Pattern value_noise(double cell_px, DemoRandom& random) {
  const int columns = static_cast<int>(kDemoWidth_px / cell_px) + 2;
  const int rows = static_cast<int>(kDemoHeight_px / cell_px) + 2;
  std::vector<double> grid(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
  for (double& value : grid) value = random.between(-1, 1);
  return [=](int x, int y) {
    const double u = x / cell_px;
    const double v = y / cell_px;
    const double a = u - std::floor(u);
    const double b = v - std::floor(v);
    const double* corner =
        &grid[static_cast<std::size_t>(static_cast<int>(v) * columns + static_cast<int>(u))];
    return (1 - b) * ((1 - a) * corner[0] + a * corner[1]) +
           b * ((1 - a) * corner[columns] + a * corner[columns + 1]);
  };
}

Pattern pattern_of(DemoTexture texture, DemoRandom& random) {
  switch (texture) {
    case DemoTexture::Striped:
      return striped(random);
    case DemoTexture::Checkered:
      return checkered(random);
    case DemoTexture::Dotted:
      return dotted(random);
    case DemoTexture::Grainy:
      return value_noise(2, random);
    case DemoTexture::Cloudy:
      return value_noise(random.between(36, 48), random);
    case DemoTexture::Wavy:
    case DemoTexture::Count:
      break;
  }
  return wavy(random);
}

}  // namespace

std::vector<std::uint8_t> draw_background(DemoTexture texture, DemoTone tone, DemoRandom& random) {
  const double grey = tone == DemoTone::Dark ? random.between(45, 60) : random.between(145, 160);
  const double contrast = random.between(20, 26);
  const std::array<double, 3> tint{random.between(-5, 5), random.between(-5, 5), random.between(-5, 5)};
  const Pattern pattern = pattern_of(texture, random);
  std::vector<std::uint8_t> bgr;
  bgr.reserve(static_cast<std::size_t>(kDemoWidth_px) * kDemoHeight_px * 3);
  for (int y = 0; y < kDemoHeight_px; ++y) {
    for (int x = 0; x < kDemoWidth_px; ++x) {
      const double value = grey + contrast * pattern(x, y);
      for (const double offset : tint) bgr.push_back(static_cast<std::uint8_t>(std::lround(value + offset)));
    }
  }
  return bgr;
}

}  // namespace tvr

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "pipeline/demo/demo_motion.h"
#include "pipeline/demo/demo_scene.h"

namespace tvr {

/// The frames of a scene. What the scene does not specify (positions, shades, speed, length) is random, from
/// seed and clip.
class DemoFilm {
 public:
  DemoFilm(const DemoScene& scene, std::uint64_t seed, std::uint64_t clip);

  [[nodiscard]] int fps() const noexcept { return fps_; }        // 25 or 30
  [[nodiscard]] int frames() const noexcept { return frames_; }  // 3 to 8 s
  /// Draws frame `frame` as bgr24 [240, 320, 3], rows packed; resizes `bgr`.
  void draw(int frame, std::vector<std::uint8_t>& bgr) const;
  /// The same at any time, also after its last frame: the scene goes on.
  void draw_at(double seconds, std::vector<std::uint8_t>& bgr) const;

 private:
  struct Actor {
    DemoShape shape;
    std::array<double, 3> bgr;
    double tilt_rad;
    DemoPath path;
  };
  int fps_;
  int frames_;
  std::vector<std::uint8_t> background_;
  std::vector<Actor> actors_;
};

}  // namespace tvr

#pragma once

#include "pipeline/demo/demo_random.h"
#include "pipeline/demo/demo_scene.h"

namespace tvr {

constexpr int kDemoWidth_px = 320;
constexpr int kDemoHeight_px = 240;

/// Where an object is, and how large.
struct DemoPlace {
  double x_px = 0;  // of its centre
  double y_px = 0;
  double radius_px = 0;
};

/// The path of one object. Straight paths leave the frame on one side and re-enter on the other, growing and
/// shrinking repeat, so that every second of a clip shows its motion.
class DemoPath {
 public:
  DemoPath(const DemoObject& object, DemoRandom& random);
  [[nodiscard]] DemoPlace at(double seconds) const;

 private:
  DemoMotion motion_;
  DemoPlace start_;
  double speed_px_s_;  // for straight paths
  double period_s_;    // for all others
  double phase_;       // in [0, 1) periods
  double turn_;        // circling: 1 clockwise, -1 counterclockwise
};

}  // namespace tvr

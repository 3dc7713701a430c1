#include "pipeline/demo/demo_motion.h"

#include <cmath>

namespace tvr {
namespace {

constexpr double kPi = 3.14159265358979323846;

double fraction(double value) { return value - std::floor(value); }

/// `value` modulo `length`, not negative.
double wrapped(double value, double length) { return fraction(value / length) * length; }

double period_of(DemoMotion motion, DemoRandom& random) {
  switch (motion) {
    case DemoMotion::Circling:
      return random.between(2.0, 2.6);
    case DemoMotion::Bouncing:
      return random.between(0.8, 1.1);
    default:
      return random.between(1.3, 1.7);
  }
}

}  // namespace

DemoPath::DemoPath(const DemoObject& object, DemoRandom& random)
    : motion_(object.motion),
      start_{random.between(0.3, 0.7) * kDemoWidth_px, random.between(0.3, 0.7) * kDemoHeight_px,
             object.size == DemoSize::Big ? random.between(44, 50) : random.between(24, 28)},
      speed_px_s_(random.between(95, 130)),
      period_s_(period_of(object.motion, random)),
      phase_(random.between(0, 1)),
      turn_(random.chance(0.5) ? 1 : -1) {}

DemoPlace DemoPath::at(double seconds) const {
  DemoPlace place = start_;
  const double way = speed_px_s_ * seconds;
  const double cycle = seconds / period_s_ + phase_;
  switch (motion_) {
    case DemoMotion::Left:
      place.x_px = wrapped(start_.x_px - way, kDemoWidth_px);
      break;
    case DemoMotion::Right:
      place.x_px = wrapped(start_.x_px + way, kDemoWidth_px);
      break;
    case DemoMotion::Up:
      place.y_px = wrapped(start_.y_px - way, kDemoHeight_px);
      break;
    case DemoMotion::Down:
      place.y_px = wrapped(start_.y_px + way, kDemoHeight_px);
      break;
    case DemoMotion::Circling:
      place.x_px = 0.5 * kDemoWidth_px + 62 * std::cos(2 * kPi * cycle);
      place.y_px = 0.5 * kDemoHeight_px + 62 * turn_ * std::sin(2 * kPi * cycle);
      break;
    case DemoMotion::Growing:
      place.radius_px *= 0.5 + fraction(cycle);
      break;
    case DemoMotion::Shrinking:
      place.radius_px *= 1.5 - fraction(cycle);
      break;
    case DemoMotion::Bouncing:
      place.y_px = kDemoHeight_px - 8 - start_.radius_px - 110 * std::abs(std::sin(kPi * cycle));
      break;
    case DemoMotion::Still:
    case DemoMotion::Count:
      break;
  }
  return place;
}

}  // namespace tvr

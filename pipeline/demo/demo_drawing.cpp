#include "pipeline/demo/demo_drawing.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "pipeline/demo/demo_background.h"
#include "pipeline/demo/demo_random.h"

namespace tvr {
namespace {

constexpr std::uint64_t kFilmStreams = 2'000'000'000;
constexpr double kMinSeconds = 3;
constexpr double kMaxSeconds = 8;
constexpr double kPi = 3.14159265358979323846;

/// OpenCV draws at fixed-point positions of this many fractional bits.
constexpr int kFractionBits = 4;
cv::Point fixed_point(double x, double y) {
  return {static_cast<int>(std::lround(x * (1 << kFractionBits))),
          static_cast<int>(std::lround(y * (1 << kFractionBits)))};
}

std::array<double, 3> bgr_of(DemoColour colour) {
  switch (colour) {
    case DemoColour::Red:
      return {35, 30, 225};
    case DemoColour::Orange:
      return {25, 135, 245};
    case DemoColour::Yellow:
      return {30, 230, 240};
    case DemoColour::Green:
      return {45, 190, 35};
    case DemoColour::Turquoise:
      return {215, 215, 30};
    case DemoColour::Blue:
      return {230, 60, 25};
    case DemoColour::Purple:
      return {205, 35, 160};
    case DemoColour::White:
    case DemoColour::Count:
      break;
  }
  return {243, 243, 243};
}

std::array<double, 3> shade_of(DemoColour colour, DemoRandom& random) {
  std::array<double, 3> bgr = bgr_of(colour);
  for (double& value : bgr) value = std::clamp(value + random.between(-12, 12), 0.0, 255.0);
  return bgr;
}

/// Corners around the centre at `angles` + `turn` (0: up, clockwise); their distances cycle through `reach`,
/// in units of the radius.
struct Outline {
  std::vector<double> angles;
  std::vector<double> reach;
};

Outline evenly(int corners, double turn, std::vector<double> reach) {
  Outline outline{{}, std::move(reach)};
  for (int i = 0; i < corners; ++i) outline.angles.push_back(turn + 2 * kPi * i / corners);
  return outline;
}

/// `reach` is chosen so that shapes of one size cover about the same area (the ring, being hollow, less).
Outline outline_of(DemoShape shape) {
  switch (shape) {
    case DemoShape::Square:
      return evenly(4, kPi / 4, {1.25});
    case DemoShape::Triangle:
      return evenly(3, 0, {1.5});
    case DemoShape::Star:
      return evenly(10, 0, {1.5, 0.68});
    default:
      break;
  }
  constexpr double kArm = 0.29;  // half the angle that the end of an arm of the cross covers
  Outline cross{{}, {1.35, 1.35, 0.53}};
  for (int arm = 0; arm < 4; ++arm) {
    const double middle = arm * kPi / 2;
    for (const double angle : {middle - kArm, middle + kArm, middle + kPi / 4}) cross.angles.push_back(angle);
  }
  return cross;
}

void draw_polygon(cv::Mat& picture, const Outline& outline, const DemoPlace& place, double tilt,
                  const cv::Scalar& fill) {
  std::vector<cv::Point> corners;
  for (std::size_t i = 0; i < outline.angles.size(); ++i) {
    const double angle = outline.angles[i] + tilt;
    const double reach_px = outline.reach[i % outline.reach.size()] * place.radius_px;
    corners.push_back(
        fixed_point(place.x_px + reach_px * std::sin(angle), place.y_px - reach_px * std::cos(angle)));
  }
  cv::fillPoly(picture, std::vector<std::vector<cv::Point>>{corners}, fill, cv::LINE_AA, kFractionBits);
}

void draw_shape(cv::Mat& picture, DemoShape shape, const DemoPlace& place, double tilt,
                const cv::Scalar& fill) {
  const cv::Point middle = fixed_point(place.x_px, place.y_px);
  const auto radius = [&](double of_radius) {
    return static_cast<int>(std::lround(of_radius * place.radius_px * (1 << kFractionBits)));
  };
  if (shape == DemoShape::Circle) {
    cv::circle(picture, middle, radius(1), fill, cv::FILLED, cv::LINE_AA, kFractionBits);
  } else if (shape == DemoShape::Ring) {
    const int thickness_px = std::max(2, static_cast<int>(std::lround(0.5 * place.radius_px)));
    cv::circle(picture, middle, radius(1.1), fill, thickness_px, cv::LINE_AA, kFractionBits);
  } else {
    draw_polygon(picture, outline_of(shape), place, tilt, fill);
  }
}

/// The place and its copies beyond the edges of the frame, so that an object that leaves on one side enters
/// on the other.
std::vector<DemoPlace> with_copies(const DemoPlace& place) {
  const double reach_px = 1.5 * place.radius_px;
  const auto shifts = [&](double at, double length) {
    std::vector<double> all{0};
    if (at < reach_px) all.push_back(length);
    if (at > length - reach_px) all.push_back(-length);
    return all;
  };
  std::vector<DemoPlace> copies;
  for (const double dx : shifts(place.x_px, kDemoWidth_px)) {
    for (const double dy : shifts(place.y_px, kDemoHeight_px)) {
      copies.push_back({place.x_px + dx, place.y_px + dy, place.radius_px});
    }
  }
  return copies;
}

}  // namespace

DemoFilm::DemoFilm(const DemoScene& scene, std::uint64_t seed, std::uint64_t clip) {
  DemoRandom random(seed, kFilmStreams + clip);
  fps_ = random.chance(0.5) ? 25 : 30;
  const double lot = random.between(0, 1);  // squared: short clips are more frequent, as on the web
  frames_ = static_cast<int>((kMinSeconds + (kMaxSeconds - kMinSeconds) * lot * lot) * fps_);
  background_ = draw_background(scene.texture, scene.tone, random);
  for (const DemoObject& object : scene.objects) {
    actors_.push_back({object.shape, shade_of(object.colour, random), random.between(-0.12, 0.12),
                       DemoPath(object, random)});
  }
}

void DemoFilm::draw(int frame, std::vector<std::uint8_t>& bgr) const {
  draw_at(static_cast<double>(frame) / fps_, bgr);
}

void DemoFilm::draw_at(double seconds, std::vector<std::uint8_t>& bgr) const {
  bgr = background_;
  cv::Mat picture(kDemoHeight_px, kDemoWidth_px, CV_8UC3, bgr.data());
  for (const Actor& actor : actors_) {
    const cv::Scalar fill(actor.bgr[0], actor.bgr[1], actor.bgr[2]);
    for (const DemoPlace& place : with_copies(actor.path.at(seconds))) {
      draw_shape(picture, actor.shape, place, actor.tilt_rad, fill);
    }
  }
}

}  // namespace tvr

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tvr {

/// Attributes of a demo clip that captions describe. `Count` is not a value.
enum class DemoShape { Circle, Square, Triangle, Star, Cross, Ring, Count };
enum class DemoColour { Red, Orange, Yellow, Green, Turquoise, Blue, Purple, White, Count };
enum class DemoSize { Small, Big, Count };
enum class DemoMotion { Left, Right, Up, Down, Circling, Growing, Shrinking, Bouncing, Still, Count };
enum class DemoTexture { Striped, Checkered, Dotted, Grainy, Cloudy, Wavy, Count };
enum class DemoTone { Dark, Bright, Count };

struct DemoObject {
  DemoShape shape = DemoShape::Circle;
  DemoColour colour = DemoColour::Red;
  DemoSize size = DemoSize::Small;
  DemoMotion motion = DemoMotion::Still;
};

/// Everything that a complete caption of a clip mentions; positions, shades, speed and length are random.
struct DemoScene {
  std::vector<DemoObject> objects;  // 1 or 2; two objects differ in colour and shape
  DemoTexture texture = DemoTexture::Striped;
  DemoTone tone = DemoTone::Dark;
};

/// Equal for scenes with the same description, whatever the order of their objects.
[[nodiscard]] std::string scene_key(const DemoScene& scene);

/// The scenes of a data set, the test clips last.
///   train + test scenes, all with different keys: no test scene is seen in training
///   pairs of neighbouring test scenes differ only in the motion of one object, so that single frames cannot
///   tell them apart
[[nodiscard]] std::vector<DemoScene> make_scenes(int train, int test, std::uint64_t seed);

}  // namespace tvr

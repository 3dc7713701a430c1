#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tvr {

/// What can be seen in a demo clip, and said about it. `Count` is not a value.
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

/// All that a full caption of a clip tells; places, shades, speed and length are chance.
struct DemoScene {
  std::vector<DemoObject> objects;  // 1 or 2; of 2 no two are alike in colour or shape
  DemoTexture texture = DemoTexture::Striped;
  DemoTone tone = DemoTone::Dark;
};

/// Equal for two scenes of which the same things are said, whatever the order of their objects.
[[nodiscard]] std::string scene_key(const DemoScene& scene);

/// The scenes of a data set, the test clips last.
///   train + test scenes, all of different keys: no test scene is ever seen in training
///   two neighbours of the test part differ in one object's motion alone, so that still pictures cannot tell
///   them apart
[[nodiscard]] std::vector<DemoScene> make_scenes(int train, int test, std::uint64_t seed);

}  // namespace tvr

#include "pipeline/demo/demo_scene.h"

#include <algorithm>
#include <set>

#include "pipeline/demo/demo_random.h"

namespace tvr {
namespace {

constexpr std::uint64_t kSceneStream = 1;
constexpr double kTwoObjects = 0.25;  // fraction of the clips

template <class Attribute>
Attribute any(DemoRandom& random) {
  return static_cast<Attribute>(random.below(static_cast<int>(Attribute::Count)));
}

DemoObject any_object(DemoRandom& random) {
  DemoObject object;
  object.shape = any<DemoShape>(random);
  object.colour = any<DemoColour>(random);
  object.size = any<DemoSize>(random);
  object.motion = any<DemoMotion>(random);
  return object;
}

DemoScene any_scene(DemoRandom& random) {
  DemoScene scene;
  scene.texture = any<DemoTexture>(random);
  scene.tone = any<DemoTone>(random);
  scene.objects.push_back(any_object(random));
  if (!random.chance(kTwoObjects)) return scene;
  DemoObject other = any_object(random);
  while (other.shape == scene.objects[0].shape || other.colour == scene.objects[0].colour) {
    other = any_object(random);
  }
  scene.objects.push_back(other);
  return scene;
}

DemoScene with_other_motion(DemoScene scene, DemoRandom& random) {
  const DemoMotion before = scene.objects[0].motion;
  while (scene.objects[0].motion == before) scene.objects[0].motion = any<DemoMotion>(random);
  return scene;
}

std::string object_key(const DemoObject& object) {
  std::string key;
  for (const int value : {static_cast<int>(object.shape), static_cast<int>(object.colour),
                          static_cast<int>(object.size), static_cast<int>(object.motion)}) {
    key += static_cast<char>('a' + value);
  }
  return key;
}

}  // namespace

std::string scene_key(const DemoScene& scene) {
  std::vector<std::string> objects;
  for (const DemoObject& object : scene.objects) objects.push_back(object_key(object));
  std::sort(objects.begin(), objects.end());
  std::string key;
  for (const std::string& object : objects) key += object + ' ';
  key += static_cast<char>('a' + static_cast<int>(scene.texture));
  key += static_cast<char>('a' + static_cast<int>(scene.tone));
  return key;
}

std::vector<DemoScene> make_scenes(int train, int test, std::uint64_t seed) {
  DemoRandom random(seed, kSceneStream);
  std::vector<DemoScene> scenes;
  std::set<std::string> seen;
  const auto add_if_new = [&](const DemoScene& scene) {
    if (seen.insert(scene_key(scene)).second) scenes.push_back(scene);
  };
  const auto total = static_cast<std::size_t>(train + test);
  while (scenes.size() < static_cast<std::size_t>(train)) add_if_new(any_scene(random));
  while (scenes.size() < total) {
    const bool twin = (scenes.size() - static_cast<std::size_t>(train)) % 2 == 1;
    add_if_new(twin ? with_other_motion(scenes.back(), random) : any_scene(random));
  }
  return scenes;
}

}  // namespace tvr

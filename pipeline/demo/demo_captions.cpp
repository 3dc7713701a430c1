#include "pipeline/demo/demo_captions.h"

#include <algorithm>
#include <array>

#include "pipeline/demo/demo_random.h"

namespace tvr {
namespace {

using Words = std::vector<std::string>;

const Words& words_for(DemoShape shape) {
  static const std::array<Words, 6> kWords{{{"circle", "disc", "ball"},
                                            {"square", "box", "block"},
                                            {"triangle", "pyramid"},
                                            {"star"},
                                            {"cross", "plus"},
                                            {"ring", "hoop"}}};
  return kWords.at(static_cast<std::size_t>(shape));
}

const Words& words_for(DemoColour colour) {
  static const std::array<Words, 8> kWords{{{"red", "scarlet"},
                                            {"orange"},
                                            {"yellow", "golden"},
                                            {"green", "emerald"},
                                            {"turquoise", "cyan"},
                                            {"blue"},
                                            {"purple", "violet"},
                                            {"white"}}};
  return kWords.at(static_cast<std::size_t>(colour));
}

const Words& words_for(DemoSize size) {
  static const std::array<Words, 2> kWords{{{"small", "little", "tiny"}, {"big", "large", "huge"}}};
  return kWords.at(static_cast<std::size_t>(size));
}

/// After "it": "a red star ..."
const Words& verbs_for(DemoMotion motion) {
  static const std::array<Words, 9> kWords{{{"moves left", "slides to the left", "drifts leftwards"},
                                            {"moves right", "slides to the right", "drifts rightwards"},
                                            {"moves up", "rises", "climbs upwards"},
                                            {"moves down", "falls", "sinks downwards"},
                                            {"circles around", "goes round in circles", "orbits the middle"},
                                            {"grows", "gets bigger and bigger", "expands"},
                                            {"shrinks", "gets smaller and smaller", "contracts"},
                                            {"bounces", "hops", "jumps about"},
                                            {"stays still", "does not move", "rests in place"}}};
  return kWords.at(static_cast<std::size_t>(motion));
}

/// After "there is", "a video of": "a red star ..."
const Words& participles_for(DemoMotion motion) {
  static const std::array<Words, 9> kWords{
      {{"moving left", "sliding to the left", "drifting leftwards"},
       {"moving right", "sliding to the right", "drifting rightwards"},
       {"moving up", "rising", "climbing upwards"},
       {"moving down", "falling", "sinking downwards"},
       {"circling around", "going round in circles", "orbiting the middle"},
       {"growing", "getting bigger and bigger", "expanding"},
       {"shrinking", "getting smaller and smaller", "contracting"},
       {"bouncing", "hopping", "jumping about"},
       {"staying still", "not moving", "resting in place"}}};
  return kWords.at(static_cast<std::size_t>(motion));
}

const Words& words_for(DemoTexture texture) {
  static const std::array<Words, 6> kWords{{{"striped", "stripy"},
                                            {"checkered", "chessboard"},
                                            {"dotted", "spotted"},
                                            {"grainy", "noisy"},
                                            {"cloudy", "misty"},
                                            {"wavy", "rippled"}}};
  return kWords.at(static_cast<std::size_t>(texture));
}

const Words& words_for(DemoTone tone) {
  static const std::array<Words, 2> kWords{{{"dark", "dim"}, {"bright", "light"}}};
  return kWords.at(static_cast<std::size_t>(tone));
}

/// What one caption mentions of a scene.
struct Telling {
  bool size = true;
  bool motion = true;
  bool texture = true;
  bool tone = true;
};

Telling partial(DemoRandom& random) {
  Telling telling;
  telling.size = random.chance(0.7);
  telling.motion = random.chance(0.9);
  telling.texture = random.chance(0.7);
  telling.tone = telling.texture && random.chance(0.7);
  return telling;
}

class Writer {
 public:
  Writer(const DemoScene& scene, DemoRandom& random) : scene_(scene), random_(random) {}

  std::string sentence(const Telling& telling) {
    const bool participle = random_.chance(0.5);
    std::string text;
    for (const DemoObject& object : scene_.objects) {
      if (!text.empty()) text += random_.chance(0.5) ? " and " : " while ";
      text += clause(object, telling, participle || !telling.motion);
    }
    if (telling.texture) text += background(telling);
    return participle || !telling.motion ? opening() + text : text;
  }

 private:
  std::string clause(const DemoObject& object, const Telling& telling, bool participle) {
    std::string text = "a ";
    if (telling.size) text += random_.pick(words_for(object.size)) + ' ';
    text += random_.pick(words_for(object.colour)) + ' ' + random_.pick(words_for(object.shape));
    if (text.rfind("a orange", 0) == 0 || text.rfind("a emerald", 0) == 0) text.insert(1, "n");
    if (!telling.motion) return text;
    return text + ' ' + random_.pick(participle ? participles_for(object.motion) : verbs_for(object.motion));
  }

  std::string background(const Telling& telling) {
    static const Words kPrepositions{" on a ", " over a ", " before a "};
    static const Words kNouns{"background", "backdrop", "wall"};
    std::string text = random_.pick(kPrepositions);
    if (telling.tone) text += random_.pick(words_for(scene_.tone)) + ' ';
    return text + random_.pick(words_for(scene_.texture)) + ' ' + random_.pick(kNouns);
  }

  std::string opening() {
    static const Words kOpenings{"there is ", "here is ", "a video of ", "we see "};
    return random_.pick(kOpenings);
  }

  const DemoScene& scene_;
  DemoRandom& random_;
};

/// The maximum length of captions in the reference's models; a longer one would be truncated.
constexpr int kMaxWords = 20;

bool fits(const std::string& text) { return std::count(text.begin(), text.end(), ' ') < kMaxWords; }

}  // namespace

std::vector<std::string> write_captions(const DemoScene& scene, int count, std::uint64_t seed,
                                        std::uint64_t clip) {
  constexpr std::uint64_t kCaptionStreams = 1'000'000'000;
  DemoRandom random(seed, kCaptionStreams + clip);
  Writer writer(scene, random);
  std::vector<std::string> captions;
  while (captions.size() < static_cast<std::size_t>(count)) {
    const bool full = captions.empty() || random.chance(0.4);
    std::string text = writer.sentence(full ? Telling{} : partial(random));
    if (fits(text) && std::find(captions.begin(), captions.end(), text) == captions.end()) {
      captions.push_back(std::move(text));
    }
  }
  return captions;
}

}  // namespace tvr

#include "extract/networks/preprocess.h"

#include <algorithm>
#include <array>

#include "data/error.h"

namespace tvr {
namespace {

using Levels = std::array<std::array<float, 256>, 3>;  // by channel and 8-bit level

Levels levels_of(const Normalization& normalization) {
  Levels levels{};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t level = 0; level < 256; ++level) {
      levels[channel][level] =
          (static_cast<float>(level) * normalization.scale - normalization.mean[channel]) /
          normalization.std[channel];
    }
  }
  return levels;
}

}  // namespace

void require_one_size(const std::vector<const Clip*>& clips, int frames) {
  if (clips.empty()) throw Error(Fault::InvalidArgument, "forward", "the batch is empty");
  const Clip& first = *clips.front();
  for (const Clip* clip : clips) {
    if (clip->height != first.height || clip->width != first.width || clip->frames > frames) {
      throw Error(Fault::InvalidArgument, "forward", "the clips of a batch differ in size or are too long");
    }
  }
}

void preprocess(const std::vector<const Clip*>& clips, int frames, const Normalization& normalization,
                float* out) {
  const Levels levels = levels_of(normalization);
  for (const Clip* clip : clips) {
    const std::size_t area = static_cast<std::size_t>(clip->height) * static_cast<std::size_t>(clip->width);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const std::array<float, 256>& level = levels[channel];
      const std::uint8_t* in = clip->rgb().data() + channel;
      for (int frame = 0; frame < frames; ++frame, out += area) {
        if (frame >= clip->frames) {
          std::fill(out, out + area, level[0]);
          continue;
        }
        for (std::size_t i = 0; i < area; ++i, in += 3) out[i] = level[*in];
      }
    }
  }
}

}  // namespace tvr

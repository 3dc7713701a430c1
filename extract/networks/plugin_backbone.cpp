#include "extract/networks/plugin_backbone.h"

#include <cstring>
#include <utility>

#include "data/error.h"
#include "data/splitmix64.h"
#include "extract/networks/module.h"
#include "extract/networks/plugin.h"
#include "extract/networks/preprocess.h"

namespace tvr {
namespace {

class PluginBackbone final : public Backbone {
 public:
  explicit PluginBackbone(Plugin plugin) : plugin_(std::move(plugin)), module_(open_module(plugin_.module)) {
    require_repeatable();
  }

  [[nodiscard]] int dim() const noexcept override { return plugin_.dim; }
  [[nodiscard]] int clip_frames() const noexcept override { return plugin_.sampling.clip_frames; }

  [[nodiscard]] Matrix forward(const std::vector<const Clip*>& clips) const override {
    const Clip& first = *clips.front();
    std::vector<std::int64_t> shape = {static_cast<std::int64_t>(clips.size()), 3, first.height, first.width};
    const int frames = plugin_.sampling.clip_frames;
    if (frames > 1) shape.insert(shape.begin() + 2, frames);
    std::vector<float> input(clips.size() * 3 * static_cast<std::size_t>(frames) *
                             static_cast<std::size_t>(first.height) * static_cast<std::size_t>(first.width));
    preprocess(clips, frames, plugin_.normalization, input.data());
    return module_->embed(input, shape, plugin_.dim);
  }

 private:
  /// A clip must give one row, or features would depend on when they were computed. Also tries the shapes.
  void require_repeatable() const {
    Clip noise;
    noise.frames = plugin_.sampling.clip_frames;
    noise.height = noise.width =
        plugin_.sampling.crop_px > 0 ? plugin_.sampling.crop_px : plugin_.sampling.short_side_px;
    noise.rgb().resize(static_cast<std::size_t>(noise.frames) * 3 *
                       static_cast<std::size_t>(noise.height * noise.width));
    std::uint64_t n = 0;
    for (std::uint8_t& value : noise.rgb())
      value = static_cast<std::uint8_t>(splitmix64(++n * kSplitMix64Step));
    const Matrix first = forward({&noise}), second = forward({&noise});
    if (std::memcmp(first.data(), second.data(), sizeof(float) * static_cast<std::size_t>(plugin_.dim)) == 0)
      return;
    throw Error(
        Fault::Unsupported, plugin_.module.string(),
        "the module returned two different rows for the same clip",
        "Remove what is random or remembers earlier clips (dropout in forward, torch.rand, counters)");
  }

  Plugin plugin_;
  std::unique_ptr<Module> module_;
};

}  // namespace

std::unique_ptr<Backbone> load_plugin(const std::filesystem::path& manifest) {
  return std::make_unique<PluginBackbone>(read_plugin(manifest));
}

}  // namespace tvr

#include "extract/networks/tower_backbone.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

#include "extract/cuda/torch_tower.h"
#include "extract/networks/preprocess.h"
#include "towers/encoder_folder.h"
#include "towers/image_tower.h"

namespace tvr {
namespace {

/// Tower: ImageTower or TorchTower.
template <class Tower>
class TowerBackbone final : public Backbone {
 public:
  explicit TowerBackbone(Tower tower) : tower_(std::move(tower)) {}

  [[nodiscard]] int dim() const noexcept override { return tower_.dim(); }
  [[nodiscard]] int clip_frames() const noexcept override { return 1; }

  [[nodiscard]] Matrix forward(const std::vector<const Clip*>& clips) const override {
    require_one_size(clips, 1);
    std::vector<const std::uint8_t*> pictures;
    for (const Clip* clip : clips) pictures.push_back(clip->rgb().data());
    return tower_.embed(pictures);
  }

 private:
  Tower tower_;
};

}  // namespace

bool is_encoder(const std::string& model) {
  std::error_code unseen;
  const std::filesystem::path folder = model;
  return std::filesystem::is_directory(folder, unseen) &&
         (std::filesystem::exists(folder / "config.json", unseen) ||
          std::filesystem::exists(folder / "open_clip_config.json", unseen));
}

LaneOptions encoder_lane(const std::string& folder, int fps) {
  const EncoderSpec encoder = read_encoder(folder);
  const ImagePreprocessing& picture = encoder.preprocessing;
  std::string name = encoder.family;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  LaneOptions lane =
      picture_lane(name, picture.squash ? Resize::Squash : Resize::ShortSide, picture.resize_px,
                   picture.filter == PictureFilter::Bicubic ? Preset::PillowBicubic : Preset::PillowBilinear,
                   picture.crop_px);
  lane.sample_fps = fps;
  return lane;
}

std::unique_ptr<Backbone> load_image_tower(const BackboneOptions& options, bool on_gpu) {
  const EncoderSpec encoder = read_encoder(options.model);
  if (!on_gpu) return std::make_unique<TowerBackbone<ImageTower>>(ImageTower(encoder, options.precision));
  return std::make_unique<TowerBackbone<TorchTower>>(
      TorchTower(encoder, options.precision, "cuda:" + std::to_string(options.gpu)));
}

}  // namespace tvr

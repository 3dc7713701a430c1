#include <algorithm>
#include <cmath>
#include <utility>

#include "data/error.h"
#include "data/mutex.h"
#include "extract/clip.h"
#include "extract/networks/module.h"
#include "extract/networks/plugin.h"
#include "extract/networks/plugin_backbone.h"
#include "pipeline/encoders/pair_towers.h"
#include "text/tokenizers/open_tokenizer.h"

namespace tvr {
namespace {

TextPlugin text_of(const Plugin& plugin, const std::filesystem::path& manifest) {
  if (plugin.text) return *plugin.text;
  throw Error(Fault::InvalidArgument, manifest.string(), "the plug-in has no text tower",
              "Name its text_module and tokenizer (docs/PLUGINS.md)");
}

class PluginTowers final : public PairTowers {
 public:
  explicit PluginTowers(std::filesystem::path manifest)
      : manifest_(std::move(manifest)),
        plugin_(read_plugin(manifest_)),
        text_(text_of(plugin_, manifest_)),
        id_(plugin_id(manifest_)),
        tokenizer_(open_tokenizer_file(text_.tokenizer)),
        module_(open_module(text_.module)) {}

  [[nodiscard]] std::string id() const override { return id_; }
  [[nodiscard]] std::int64_t dim() const noexcept override { return plugin_.dim; }
  [[nodiscard]] double logit_scale() const noexcept override { return text_.logit_scale; }
  [[nodiscard]] LaneOptions lane() const override {
    LaneOptions lane = plugin_.sampling;
    if (!plugin_.has_filter) lane.preset = Preset::PillowBicubic;  // a picture's preset must be one of Pillow
    return lane;
  }

  [[nodiscard]] Matrix embed_text(const std::vector<std::string>& sentences) const override {
    TokenBatch batch;
    batch.length = text_.context_length;
    const auto length = static_cast<std::size_t>(text_.context_length);
    for (const std::string& sentence : sentences) {
      const std::vector<std::int32_t> ids = tokenizer_->encode(sentence);
      const std::size_t tokens = std::min(ids.size(), length);
      const std::vector<std::int32_t> fitted = fit(ids, length, tokenizer_->special());
      batch.ids.insert(batch.ids.end(), fitted.begin(), fitted.end());
      batch.mask.insert(batch.mask.end(), tokens, 1);
      batch.mask.insert(batch.mask.end(), length - tokens, 0);
    }
    Matrix rows = module_->embed(batch, plugin_.dim);
    for (std::int64_t i = 0; i < rows.rows() * rows.cols(); ++i) {
      if (std::isfinite(rows.data()[i])) continue;
      throw Error(Fault::Corrupt, text_.module.string(), "it returned a value that is not finite",
                  "Correct the module");
    }
    return rows;
  }

  [[nodiscard]] Matrix embed_picture(const Picture& picture) const override {
    Clip clip;
    clip.frames = 1;
    clip.height = picture.size.height;
    clip.width = picture.size.width;
    clip.rgb() = picture.rgb;
    return image_tower().forward({&clip});
  }

 private:
  [[nodiscard]] const Backbone& image_tower() const {
    const MutexLock lock(mutex_);
    if (image_ == nullptr) image_ = load_plugin(manifest_);
    return *image_;
  }

  std::filesystem::path manifest_;
  Plugin plugin_;
  TextPlugin text_;
  std::string id_;
  std::unique_ptr<SubwordTokenizer> tokenizer_;
  std::unique_ptr<Module> module_;
  mutable Mutex mutex_;
  mutable std::unique_ptr<Backbone> image_ TVR_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<PairTowers> plugin_towers(const std::filesystem::path& manifest) {
  return std::make_unique<PluginTowers>(manifest);
}

}  // namespace tvr

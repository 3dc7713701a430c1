#include <fmt/format.h>

#include <optional>
#include <utility>

#include "data/error.h"
#include "data/mutex.h"
#include "data/usable_cores.h"
#include "extract/networks/tower_backbone.h"
#include "pipeline/encoders/pair_towers.h"
#include "text/tokenizers/open_tokenizer.h"
#include "towers/encoder_folder.h"
#include "towers/image_tower.h"
#include "towers/text_tower.h"

namespace tvr {
namespace {

/// Throws Error(Mismatch) unless the tokenizer's ids are those of the text tower: another one would give
/// other sentences in silence.
void require_fit(const SubwordTokenizer& tokenizer, const TextTowerShape& tower,
                 const std::filesystem::path& folder) {
  const std::string advice = "The tokenizer's files are damaged or of another encoder: download them again";
  if (tokenizer.size() != tower.vocabulary) {
    throw Error(
        Fault::Mismatch, folder.string(),
        fmt::format("its tokenizer has {} tokens, its text tower {}", tokenizer.size(), tower.vocabulary),
        advice);
  }
  const std::optional<std::int32_t> end = tokenizer.special().end;
  if (tower.pooling == TowerPooling::EndToken && tower.end_token && end && *end != *tower.end_token) {
    throw Error(
        Fault::Mismatch, folder.string(),
        fmt::format("its tokenizer ends a text by token {}, its text tower wants {}", *end, *tower.end_token),
        advice);
  }
}

class NativeTowers final : public PairTowers {
 public:
  NativeTowers(std::filesystem::path folder, Precision precision)
      : folder_(std::move(folder)),
        encoder_(read_encoder(folder_)),
        id_(encoder_id(encoder_)),
        precision_(precision),
        tokenizer_(open_tokenizer(folder_)),
        text_(encoder_, precision, usable_cores()) {
    require_fit(*tokenizer_, encoder_.text, folder_);
  }

  [[nodiscard]] std::string id() const override { return id_; }
  [[nodiscard]] std::int64_t dim() const noexcept override { return text_.dim(); }
  [[nodiscard]] double logit_scale() const noexcept override { return text_.logit_scale(); }
  [[nodiscard]] LaneOptions lane() const override { return encoder_lane(folder_.string(), 1); }

  [[nodiscard]] Matrix embed_text(const std::vector<std::string>& sentences) const override {
    std::vector<std::vector<std::int32_t>> ids;
    for (const std::string& sentence : sentences) {
      ids.push_back(fit(tokenizer_->encode(sentence), static_cast<std::size_t>(encoder_.text.context_length),
                        tokenizer_->special()));
    }
    return text_.embed(ids);
  }

  [[nodiscard]] Matrix embed_picture(const Picture& picture) const override {
    return image_tower().embed({picture.rgb.data()});
  }

 private:
  [[nodiscard]] const ImageTower& image_tower() const {
    const MutexLock lock(mutex_);
    if (!image_) image_.emplace(encoder_, precision_);
    return *image_;
  }

  std::filesystem::path folder_;
  EncoderSpec encoder_;
  std::string id_;
  Precision precision_;
  std::unique_ptr<SubwordTokenizer> tokenizer_;
  TextTower text_;
  mutable Mutex mutex_;
  mutable std::optional<ImageTower> image_ TVR_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<PairTowers> native_towers(const std::filesystem::path& folder, Precision precision) {
  return std::make_unique<NativeTowers>(folder, precision);
}

}  // namespace tvr

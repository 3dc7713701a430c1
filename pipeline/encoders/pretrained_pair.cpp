#include "pipeline/encoders/pretrained_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "data/error.h"
#include "data/mutex.h"
#include "data/text_file.h"
#include "data/usable_cores.h"
#include "extract/media/picture_file.h"
#include "extract/networks/tower_backbone.h"
#include "model/parallel.h"
#include "text/tokenizers/open_tokenizer.h"
#include "towers/encoder_folder.h"
#include "towers/image_tower.h"
#include "towers/text_tower.h"

namespace tvr {
namespace {

constexpr std::size_t kSentencesAtOnce = 64;

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

class TowerPair final : public PretrainedPair {
 public:
  TowerPair(std::filesystem::path folder, Precision precision)
      : folder_(std::move(folder)),
        encoder_(read_encoder(folder_)),
        id_(encoder_id(encoder_)),
        precision_(precision),
        tokenizer_(open_tokenizer(folder_)),
        text_(encoder_, precision, usable_cores()) {
    require_fit(*tokenizer_, encoder_.text, folder_);
  }

  [[nodiscard]] const std::string& id() const noexcept override { return id_; }
  [[nodiscard]] double logit_scale() const noexcept override { return text_.logit_scale(); }
  [[nodiscard]] std::int64_t dim() const noexcept override { return text_.dim(); }
  void prepare() override {}

  [[nodiscard]] EncodedText embed_text(const std::vector<std::string>& sentences) override {
    EncodedText encoded;
    encoded.rows = Matrix(static_cast<std::int64_t>(sentences.size()), dim());
    encoded.unknown.resize(sentences.size());
    encoded.guessed.resize(sentences.size());
    for (std::size_t begin = 0; begin < sentences.size(); begin += kSentencesAtOnce) {
      const std::size_t end = std::min(begin + kSentencesAtOnce, sentences.size());
      std::vector<std::vector<std::int32_t>> ids;
      for (std::size_t i = begin; i < end; ++i) ids.push_back(ids_of(sentences[i]));
      const Matrix rows = text_.embed(ids);
      std::copy_n(rows.data(), rows.rows() * dim(), encoded.rows.row(static_cast<std::int64_t>(begin)));
    }
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      l2_normalize(encoded.rows.row(static_cast<std::int64_t>(i)), static_cast<std::size_t>(dim()));
      const bool said = !trim(sentences[i]).empty();
      encoded.understood.push_back(said);
      encoded.familiar.push_back(said);
    }
    return encoded;
  }

  /// The mean of a window's frames has unit length already.
  [[nodiscard]] Matrix embed_video(const Matrix& parts) const override { return parts; }
  [[nodiscard]] ClipFeature embed_picture(const Picture& picture) const override {
    const LaneOptions lane = encoder_lane(folder_.string(), 1);
    const Picture scaled = scaled_picture(picture, lane);
    const Matrix row = image_tower().embed({scaled.rgb.data()});
    ClipFeature embedded(row.row(0), row.row(0) + row.cols());
    l2_normalize(embedded.data(), embedded.size());
    return embedded;
  }
  [[nodiscard]] IndexValues index_values() const noexcept override { return IndexValues::Halves; }
  [[nodiscard]] Pooling pooling() const noexcept override { return Pooling::Mean; }

  [[nodiscard]] std::vector<RecipeRow> lanes_in(const FeatureStore& store) const override {
    const RecipeRow* found = nullptr;
    std::vector<RecipeRow> rows = store.recipes();
    for (const RecipeRow& row : rows) {
      if (row.recipe.weights != id_ || row.videos == 0) continue;
      if (found == nullptr || row.videos >= found->videos) found = &row;  // of equal ones, the newest
    }
    if (found != nullptr && found->dim == dim()) return {*found};
    throw Error(Fault::NotFound, "the store",
                fmt::format("it has no features of the encoder {}", folder_.string()),
                "Run `pipeline index` on its videos with this encoder");
  }

  [[nodiscard]] Digest identity() const override {
    return sha256(id_ + kPrecisions.name(precision_) + kPoolings.name(pooling()));
  }

 private:
  [[nodiscard]] std::vector<std::int32_t> ids_of(const std::string& sentence) const {
    return fit(tokenizer_->encode(sentence), static_cast<std::size_t>(encoder_.text.context_length),
               tokenizer_->special());
  }

  /// Loaded by the first picture.
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

std::unique_ptr<PretrainedPair> open_pretrained(const std::filesystem::path& folder, Precision precision) {
  set_compute_threads(0);
  return std::make_unique<TowerPair>(folder, precision);
}

}  // namespace tvr

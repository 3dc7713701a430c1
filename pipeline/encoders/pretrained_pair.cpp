#include "pipeline/encoders/pretrained_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/error.h"
#include "data/text_file.h"
#include "extract/media/picture_file.h"
#include "extract/networks/plugin.h"
#include "model/parallel.h"
#include "pipeline/encoders/pair_towers.h"

namespace tvr {
namespace {

constexpr std::size_t kSentencesAtOnce = 64;

class TowerPair final : public PretrainedPair {
 public:
  TowerPair(std::filesystem::path encoder, Precision precision)
      : encoder_(std::move(encoder)),
        precision_(precision),
        towers_(is_plugin(encoder_.string()) ? plugin_towers(encoder_) : native_towers(encoder_, precision)),
        id_(towers_->id()) {}

  [[nodiscard]] const std::string& id() const noexcept override { return id_; }
  [[nodiscard]] double logit_scale() const noexcept override { return towers_->logit_scale(); }
  [[nodiscard]] std::int64_t dim() const noexcept override { return towers_->dim(); }
  void prepare() override {}

  [[nodiscard]] EncodedText embed_text(const std::vector<std::string>& sentences) override {
    EncodedText encoded;
    encoded.rows = Matrix(static_cast<std::int64_t>(sentences.size()), dim());
    encoded.unknown.resize(sentences.size());
    encoded.guessed.resize(sentences.size());
    for (std::size_t begin = 0; begin < sentences.size(); begin += kSentencesAtOnce) {
      const std::size_t end = std::min(begin + kSentencesAtOnce, sentences.size());
      const auto first = sentences.begin() + static_cast<std::ptrdiff_t>(begin);
      const Matrix rows = towers_->embed_text({first, first + static_cast<std::ptrdiff_t>(end - begin)});
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
  [[nodiscard]] bool takes_pictures() const noexcept override { return true; }
  [[nodiscard]] ClipFeature embed_picture(const Picture& picture) const override {
    const Matrix row = towers_->embed_picture(scaled_picture(picture, towers_->lane()));
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
                fmt::format("it has no features of the encoder {}", encoder_.string()),
                "Run `pipeline index` on its videos with this encoder");
  }

  [[nodiscard]] Digest identity() const override {
    return sha256(id_ + kPrecisions.name(precision_) + kPoolings.name(pooling()));
  }

 private:
  std::filesystem::path encoder_;
  Precision precision_;
  std::unique_ptr<PairTowers> towers_;
  std::string id_;
};

}  // namespace

std::unique_ptr<PretrainedPair> open_pretrained(const std::filesystem::path& encoder, Precision precision) {
  set_compute_threads(0);
  return std::make_unique<TowerPair>(encoder, precision);
}

}  // namespace tvr

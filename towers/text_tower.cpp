#include "towers/text_tower.h"

#include <omp.h>

#include <algorithm>

#include "data/error.h"
#include "towers/transformer.h"

namespace tvr {

using Type = dnnl::memory::data_type;

class TextTower::Network {
 public:
  Network(const EncoderSpec& spec, TextTowerWeights weights, Type type, int threads)
      : dim_(spec.dim),
        threads_(threads),
        shape_(spec.text),
        type_(type),
        engine_(dnnl::engine::kind::cpu, 0),
        tokens_(std::move(weights.tokens)),
        positions_(std::move(weights.positions)),
        norm_after_(std::move(weights.norm_after)),
        logit_scale_(weights.logit_scale),
        logit_bias_(weights.logit_bias),
        transformer_(shape_.transformer, weights.blocks, type, engine_, memory_),
        projection_(weights.projection, type, engine_, memory_) {}

  [[nodiscard]] int dim() const noexcept { return dim_; }
  [[nodiscard]] int threads() const noexcept { return threads_; }
  [[nodiscard]] float logit_scale() const noexcept { return logit_scale_; }
  [[nodiscard]] float logit_bias() const noexcept { return logit_bias_; }

  /// In passes of a few sentences each.
  [[nodiscard]] Matrix embed(const std::vector<std::vector<std::int32_t>>& ids) const {
    std::vector<int> lengths;
    for (const std::vector<std::int32_t>& sentence : ids) lengths.push_back(rows_of(sentence));
    Matrix vectors(static_cast<std::int64_t>(ids.size()), dim_);
    for (std::size_t begin = 0, end = 0; begin < ids.size(); begin = end) {
      int rows = 0;
      do rows += lengths[end++];
      while (end < ids.size() && rows + lengths[end] <= kRowsAtOnce);
      const Matrix part =
          embed_at_once(ids.data() + begin, {lengths.data() + begin, lengths.data() + end}, rows);
      std::copy_n(part.data(), part.rows() * dim_, vectors.row(static_cast<std::int64_t>(begin)));
    }
    return vectors;
  }

 private:
  /// lengths: the rows of each sentence, `rows` in all.
  [[nodiscard]] Matrix embed_at_once(const std::vector<std::int32_t>* ids, const std::vector<int>& lengths,
                                     std::int64_t rows) const {
    const std::int64_t width = shape_.transformer.width;
    Matrix x(rows, width);
    float* at = x.data();
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      for (int place = 0; place < lengths[i]; ++place, at += width) {
        const float* const token =
            tokens_.data() + std::int64_t{ids[i][static_cast<std::size_t>(place)]} * width;
        const float* const position = positions_.data() + place * width;
        for (std::int64_t col = 0; col < width; ++col) at[col] = token[col] + position[col];
      }
    }
    std::vector<std::int64_t> ends;
    for (const int length : lengths) ends.push_back((ends.empty() ? -1 : ends.back()) + length);
    dnnl::stream stream(engine_);
    x = transformer_.run(stream, std::move(x), lengths, shape_.causal, nullptr, ends);

    const int count = static_cast<int>(lengths.size());
    Buffer vectors(count, width, type_);
    normalise(x.data(), count, norm_after_, shape_.transformer.epsilon, vectors.from(0));
    Matrix projected(count, dim_);
    DenseProduct(projection_, count, Type::f32, After::Nothing)
        .run(stream, projection_, vectors.data(), projected.data());
    return projected;
  }

  /// The rows that a sentence's vector depends on; the last one becomes it.
  [[nodiscard]] int rows_of(const std::vector<std::int32_t>& ids) const {
    const auto bad = [](const std::string& seen) {
      throw Error(Fault::InvalidArgument, "ids of a sentence", seen,
                  "The tokenizer belongs to another encoder than the weights");
    };
    if (ids.empty() || ids.size() > static_cast<std::size_t>(shape_.context_length)) {
      bad("there are " + std::to_string(ids.size()) + ", wanted 1 to " +
          std::to_string(shape_.context_length));
    }
    for (const std::int32_t id : ids) {
      if (id < 0 || id >= shape_.vocabulary) {
        bad("there is a " + std::to_string(id) + ", wanted 0 to " + std::to_string(shape_.vocabulary - 1));
      }
    }
    if (shape_.pooling == TowerPooling::LastToken) {
      if (ids.size() != static_cast<std::size_t>(shape_.context_length)) {
        bad("there are " + std::to_string(ids.size()) + ", wanted " + std::to_string(shape_.context_length) +
            " with their padding");
      }
      return shape_.context_length;
    }
    const auto end = shape_.end_token ? std::find(ids.begin(), ids.end(), *shape_.end_token)
                                      : std::max_element(ids.begin(), ids.end());
    if (end == ids.end()) bad("there is no end token, " + std::to_string(*shape_.end_token));
    return static_cast<int>(end - ids.begin()) + 1;
  }

  int dim_, threads_;
  TextTowerShape shape_;
  Type type_;
  dnnl::engine engine_;
  WeightMemory memory_;
  std::vector<float> tokens_, positions_;
  NormWeights norm_after_;
  float logit_scale_, logit_bias_;
  Transformer transformer_;
  PackedDense projection_;
};

TextTower::TextTower(const EncoderSpec& spec, Precision precision, int threads)
    : TextTower(spec, read_text_weights(spec), precision, threads) {}

TextTower::TextTower(const EncoderSpec& spec, TextTowerWeights weights, Precision precision, int threads) {
  const Type type = type_of(precision);
  omp_set_num_threads(threads);
  network_ =
      with_onednn([&] { return std::make_unique<const Network>(spec, std::move(weights), type, threads); });
}

TextTower::~TextTower() = default;
TextTower::TextTower(TextTower&&) noexcept = default;
TextTower& TextTower::operator=(TextTower&&) noexcept = default;

int TextTower::dim() const noexcept { return network_->dim(); }
float TextTower::logit_scale() const noexcept { return network_->logit_scale(); }
float TextTower::logit_bias() const noexcept { return network_->logit_bias(); }

Matrix TextTower::embed(const std::vector<std::vector<std::int32_t>>& ids) const {
  if (ids.empty()) return {0, dim()};
  omp_set_num_threads(network_->threads());  // for the calling thread's parallel regions, including oneDNN's
  return finite(with_onednn([&] { return network_->embed(ids); }), "the text tower");
}

}  // namespace tvr

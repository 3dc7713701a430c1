#include "model/joint_embedding.h"

#include <algorithm>
#include <string>
#include <utility>

#include "data/error.h"
#include "model/embed.h"
#include "model/parameters.h"
#include "model/towers.h"

namespace tvr {
namespace {

constexpr std::int64_t kRowsAtOnce = 256;

void put_rows(const Matrix& from, std::int64_t at, Matrix& to) {
  std::copy_n(from.data(), from.rows() * from.cols(), to.row(at));
}

}  // namespace

Matrix embed_text(const Parameters& parameters, const Matrix& vectors,
                  const std::vector<std::vector<std::int32_t>>& captions, std::int64_t max_words) {
  const auto count = static_cast<std::int64_t>(captions.size());
  Matrix embedded(count, parameters[kTextGate].weight.rows());
  for (std::int64_t begin = 0; begin < count; begin += kRowsAtOnce) {
    std::vector<const std::vector<std::int32_t>*> chunk;
    for (std::int64_t i = begin; i < std::min(begin + kRowsAtOnce, count); ++i) {
      chunk.push_back(&captions[static_cast<std::size_t>(i)]);
    }
    put_rows(CaptionTower(parameters, gather_words(vectors, chunk, max_words)).out(), begin, embedded);
  }
  return embedded;
}

Matrix embed_video(const Parameters& parameters, const Matrix& clips) {
  Matrix embedded(clips.rows(), parameters[kVideoGate].weight.rows());
  for (std::int64_t begin = 0; begin < clips.rows(); begin += kRowsAtOnce) {
    Matrix chunk(std::min(kRowsAtOnce, clips.rows() - begin), clips.cols());
    std::copy_n(clips.row(begin), chunk.rows() * chunk.cols(), chunk.data());
    put_rows(GatedUnit(parameters[kVideoFc], parameters[kVideoGate], std::move(chunk)).out(), begin,
             embedded);
  }
  return embedded;
}

class JointEmbedding::Impl {
 public:
  Parameters parameters;
  EmbeddingShape shape;
};

JointEmbedding::JointEmbedding(const NamedTensors& state, std::int64_t max_words)
    : impl_(std::make_unique<Impl>()) {
  if (max_words < 1)
    throw Error(Fault::InvalidArgument, "max_words", "it is " + std::to_string(max_words), "Use 1 or more");
  impl_->parameters = parameters_of(state);
  impl_->shape = shape_of(impl_->parameters, max_words);
}
JointEmbedding::~JointEmbedding() = default;
JointEmbedding::JointEmbedding(JointEmbedding&&) noexcept = default;
JointEmbedding& JointEmbedding::operator=(JointEmbedding&&) noexcept = default;

const EmbeddingShape& JointEmbedding::shape() const noexcept { return impl_->shape; }

Matrix JointEmbedding::embed_text(const Matrix& vectors,
                                  const std::vector<std::vector<std::int32_t>>& captions) const {
  if (vectors.cols() != impl_->shape.word_dim && !captions.empty()) {
    throw Error(Fault::Mismatch, "word vectors",
                "they have " + std::to_string(vectors.cols()) + " values, the checkpoint was trained with " +
                    std::to_string(impl_->shape.word_dim),
                "Pass the word vectors that the model was trained with");
  }
  for (const std::vector<std::int32_t>& caption : captions) {
    for (const std::int32_t id : caption) {
      if (id < 0 || id >= vectors.rows()) {
        throw Error(Fault::InvalidArgument, "captions",
                    "word id " + std::to_string(id) + " is out of range: there are " +
                        std::to_string(vectors.rows()) + " word vectors");
      }
    }
  }
  return tvr::embed_text(impl_->parameters, vectors, captions, impl_->shape.max_words);
}

Matrix JointEmbedding::embed_video(const Matrix& clips) const {
  if (clips.cols() != impl_->shape.video_dim && clips.rows() > 0) {
    throw Error(Fault::Mismatch, "video features",
                "they have " + std::to_string(clips.cols()) + " values, the checkpoint was trained with " +
                    std::to_string(impl_->shape.video_dim),
                "Extract the lanes that the model was trained with");
  }
  return tvr::embed_video(impl_->parameters, clips);
}

}  // namespace tvr

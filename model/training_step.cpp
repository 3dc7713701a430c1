#include "model/training_step.h"

#include <algorithm>
#include <utility>

#include "model/linear.h"
#include "model/ranking_loss.h"

namespace tvr {
namespace {

Matrix gather_clips(const PairData& pairs, const PairBatch& batch) {
  Matrix clips(static_cast<std::int64_t>(batch.size()), pairs.clips.cols());
  for (std::size_t b = 0; b < batch.size(); ++b) {
    const std::int32_t clip = pairs.clip_of[static_cast<std::size_t>(batch[b])];
    std::copy_n(pairs.clips.row(clip), clips.cols(), clips.row(static_cast<std::int64_t>(b)));
  }
  return clips;
}

TextBatch gather_captions(const PairData& pairs, const Matrix& vectors, const PairBatch& batch,
                          std::int64_t max_words) {
  std::vector<const std::vector<std::int32_t>*> captions;
  for (const std::int32_t caption : batch)
    captions.push_back(&pairs.captions[static_cast<std::size_t>(caption)]);
  return gather_words(vectors, captions, max_words);
}

Matrix transposed(const Matrix& matrix) {
  Matrix turned(matrix.cols(), matrix.rows());
  for (std::int64_t i = 0; i < matrix.rows(); ++i) {
    for (std::int64_t j = 0; j < matrix.cols(); ++j) turned.row(j)[i] = matrix.row(i)[j];
  }
  return turned;
}

}  // namespace

double loss_and_gradients(const Parameters& parameters, const PairData& pairs, const Matrix& vectors,
                          const PairBatch& batch, std::int64_t max_words, double margin,
                          Gradients& gradients) {
  TextTower text(parameters, gather_captions(pairs, vectors, batch, max_words));
  GatedUnit video(parameters[kVideoFc], parameters[kVideoGate], gather_clips(pairs, batch));
  const Loss loss = max_margin_loss(multiply_transposed(text.out(), video.out()), margin);
  const Matrix d_text = multiply(loss.d_similarity, video.out());
  const Matrix d_video = multiply(transposed(loss.d_similarity), text.out());
  std::move(text).backward(d_text, gradients);
  std::move(video).backward(d_video, gradients[kVideoFc], gradients[kVideoGate]);
  return loss.value;
}

}  // namespace tvr

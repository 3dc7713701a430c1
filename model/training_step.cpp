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

Loss loss_of(const Matrix& similarity, double log_scale, const PairData& pairs, const PairBatch& batch,
             const TrainOptions& options) {
  if (options.loss == RankingLoss::Nce) {
    std::vector<std::int32_t> clips;
    for (const std::int32_t caption : batch)
      clips.push_back(pairs.clip_of[static_cast<std::size_t>(caption)]);
    return nce_loss(similarity, log_scale, clips);
  }
  if (options.n_pair == 1 || !options.negative_weighting) return max_margin_loss(similarity, options.margin);
  const Matrix weights = intra_video_weights(options.batch_size, options.n_pair, options.hard_negative_rate);
  return max_margin_loss(similarity, options.margin, &weights);
}

}  // namespace

StepResult loss_and_gradients(const Parameters& parameters, double log_scale, const PairData& pairs,
                              const Matrix& vectors, const PairBatch& batch, const TrainOptions& options) {
  TextTower text(parameters, gather_captions(pairs, vectors, batch, options.max_words));
  GatedUnit video(parameters[kVideoFc], parameters[kVideoGate], gather_clips(pairs, batch));
  const Loss loss = loss_of(multiply_transposed(text.out(), video.out()), log_scale, pairs, batch, options);
  const Matrix d_text = multiply(loss.d_similarity, video.out());
  const Matrix d_video = multiply(transposed(loss.d_similarity), text.out());
  StepResult result{loss.value, loss.d_log_scale, {}};
  std::move(text).backward(d_text, result.gradients);
  std::move(video).backward(d_video, result.gradients[kVideoFc], result.gradients[kVideoGate]);
  return result;
}

}  // namespace tvr

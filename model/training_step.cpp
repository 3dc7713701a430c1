#include "model/training_step.h"

#include <utility>

#include "model/linear.h"
#include "model/ranking_loss.h"

namespace tvr {
namespace {

TextBatch gather_captions(const StepPairs& pairs, const Matrix& vectors, std::int64_t max_words) {
  std::vector<const std::vector<std::int32_t>*> captions;
  for (const std::vector<std::int32_t>& caption : pairs.captions) captions.push_back(&caption);
  return gather_words(vectors, captions, max_words);
}

Loss loss_of(const Matrix& similarity, double log_scale, const StepPairs& pairs,
             const TrainOptions& options) {
  if (options.loss == RankingLoss::Nce) return nce_loss(similarity, log_scale, groups_of(pairs));
  if (options.loss == RankingLoss::MilNce) return mil_nce_loss(similarity, log_scale);
  if (options.n_pair == 1 || !options.negative_weighting) return max_margin_loss(similarity, options.margin);
  const Matrix weights = intra_video_weights(options.batch_size, options.n_pair, options.hard_negative_rate);
  return max_margin_loss(similarity, options.margin, &weights);
}

}  // namespace

StepResult loss_and_gradients(const Parameters& parameters, double log_scale, const StepPairs& pairs,
                              Matrix features, const Matrix& vectors, const TrainOptions& options,
                              const Dropout& dropout) {
  CaptionTower text(parameters, gather_captions(pairs, vectors, options.max_words), dropout);
  dropout.apply(features, RandomUse::VideoDropout);
  GatedUnit video(parameters[kVideoFc], parameters[kVideoGate], std::move(features));
  const Loss loss = loss_of(multiply_transposed(text.out(), video.out()), log_scale, pairs, options);
  const Matrix d_text = multiply(loss.d_similarity, video.out());
  const Matrix d_video = multiply(transposed(loss.d_similarity), text.out());
  StepResult result{loss.value, loss.d_log_scale, {}};
  std::move(text).backward(d_text, result.gradients);
  std::move(video).backward(d_video, result.gradients[kVideoFc], result.gradients[kVideoGate]);
  return result;
}

}  // namespace tvr

#include "model/training_step.h"

#include <algorithm>
#include <utility>

#include "model/distributed/share.h"
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

/// These rows of a matrix.
Matrix rows_of(Matrix matrix, Share share) {
  if (share.count() == matrix.rows()) return matrix;
  Matrix rows(share.count(), matrix.cols());
  std::copy(matrix.row(share.first), matrix.row(share.past), rows.data());
  return rows;
}

/// A forward pass of the whole batch, of which each process of the group computes its share of the rows.
class Similarities {
 public:
  /// `units` clips with `candidates` captions each.
  Similarities(const Matrix& text, const Matrix& video, std::int64_t units, std::int64_t candidates,
               Collective& group)
      : text_(text), video_(video), mine_(share_of(units, group)), candidates_(candidates) {
    if (group.size() > 1) {
      all_text_ = gather_rows(group, text, units, candidates);
      all_video_ = gather_rows(group, video, units);
    }
    value_ = multiply_transposed(text, videos());
    if (group.size() > 1) value_ = gather_rows(group, value_, units, candidates);
  }

  [[nodiscard]] const Matrix& value() const noexcept { return value_; }  // [N C, N]
  /// d(loss)/d(embedding) of this process's captions.
  [[nodiscard]] Matrix d_text(Matrix d_similarity) const {
    return multiply(rows_of(std::move(d_similarity), {mine_.first * candidates_, mine_.past * candidates_}),
                    videos());
  }
  /// The same of its clips.
  [[nodiscard]] Matrix d_video(const Matrix& d_similarity) const {
    return multiply(transposed(d_similarity, mine_.first, mine_.past), all_text_.empty() ? text_ : all_text_);
  }

 private:
  [[nodiscard]] const Matrix& videos() const noexcept { return all_video_.empty() ? video_ : all_video_; }

  const Matrix &text_, &video_;  // of this process
  Share mine_;
  std::int64_t candidates_;
  Matrix all_text_, all_video_;  // of all; empty: this process is alone
  Matrix value_;
};

/// From each process's rows of a gradient's factors to those of the whole batch.
void gather(LinearGradient& gradient, std::int64_t units, std::int64_t rows, Collective& group) {
  gradient = {gather_rows(group, gradient.dy, units, rows), gather_rows(group, gradient.x, units, rows)};
}

}  // namespace

StepResult loss_and_gradients(const Parameters& parameters, double log_scale, const StepPairs& pairs,
                              Matrix features, const Matrix& vectors, const TrainOptions& options,
                              const Dropout& dropout, Collective& group) {
  const auto units = static_cast<std::int64_t>(pairs.clips.size());
  const std::int64_t candidates = static_cast<std::int64_t>(pairs.captions.size()) / units;
  const Share mine = share_of(units, group);
  CaptionTower text(parameters, gather_captions(pairs, vectors, options.max_words), dropout,
                    Share{mine.first * candidates, mine.past * candidates});
  dropout.apply(features, RandomUse::VideoDropout, mine.first);
  GatedUnit video(parameters[kVideoFc], parameters[kVideoGate], std::move(features));
  const Similarities similarities(text.out(), video.out(), units, candidates, group);
  Loss loss = loss_of(similarities.value(), log_scale, pairs, options);
  const Matrix d_video = similarities.d_video(loss.d_similarity);
  const Matrix d_text = similarities.d_text(std::move(loss.d_similarity));
  StepResult result{loss.value, loss.d_log_scale, {}};
  Gradients& gradients = result.gradients;
  std::move(text).backward(d_text, gradients, units, group);
  std::move(video).backward(d_video, gradients[kVideoFc], gradients[kVideoGate]);
  if (group.size() > 1) {
    for (const Layer layer : {kTextFc, kTextGate}) gather(gradients[layer], units, candidates, group);
    for (const Layer layer : {kVideoFc, kVideoGate}) gather(gradients[layer], units, 1, group);
  }
  return result;
}

}  // namespace tvr

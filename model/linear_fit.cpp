#include "model/linear_fit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "data/error.h"
#include "model/one_thread.h"
#include "model/random.h"
#include "model/retrieval_metrics.h"
#include "model/standardization.h"

namespace tvr {
namespace {

constexpr std::int64_t kMostComponents = 256;
/// Principal components of the clips that are used: ridges leave nothing of later ones.
constexpr std::int64_t kMostDirections = 512;
/// Up to this size the principal components are computed exactly, beyond it by subspace iteration.
constexpr std::int64_t kExactSize = 1024;
constexpr double kLeastVariance = 1e-9;  // of a direction, as a share of the largest
constexpr double kSmallestNorm = 1e-12;
constexpr std::uint64_t kSeed = 1;

at::Tensor tensor_of(const Matrix& matrix) {
  // from_blob takes no const pointer; it is only read.
  return at::from_blob(const_cast<float*>(matrix.data()), {matrix.rows(), matrix.cols()}, at::kFloat);
}

at::Tensor tensor_of(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

Matrix matrix_of(const at::Tensor& values) {
  const at::Tensor floats = values.to(at::kFloat).contiguous();
  Matrix matrix(floats.size(0), floats.size(1));
  std::copy_n(floats.data_ptr<float>(), floats.numel(), matrix.data());
  return matrix;
}

std::vector<float> vector_of(const at::Tensor& values) {
  const at::Tensor floats = values.to(at::kFloat).contiguous();
  return {floats.data_ptr<float>(), floats.data_ptr<float>() + floats.numel()};
}

/// The principal components of clips: z = x basis has variances `variance`, descending.
struct Directions {
  at::Tensor basis, variance;  // [Dv, R], [R], double
};

/// The eigenvectors of a symmetric matrix with the largest eigenvalues, descending.
std::pair<at::Tensor, at::Tensor> largest_eigen(const at::Tensor& matrix, std::int64_t most) {
  const auto [values, vectors] = at::linalg_eigh(matrix);
  const std::int64_t size = matrix.size(0), first = std::max<std::int64_t>(0, size - most);
  return {values.narrow(0, first, size - first).flip(0), vectors.narrow(1, first, size - first).flip(1)};
}

/// An orthonormal basis [N, Q] of nearly the space of x's largest singular vectors (Halko, Martinsson, Tropp,
/// SIAM Review 2011, algorithm 4.4).
at::Tensor range_of(const at::Tensor& x) {
  constexpr std::int64_t kMore = 64;
  constexpr int kIterations = 3;
  const CounterRandom random(kSeed, RandomUse::Weights);
  const at::Tensor start = at::empty({x.size(1), kMostDirections + kMore}, at::kFloat);
  for (std::int64_t i = 0; i < start.numel(); ++i)
    start.data_ptr<float>()[i] = random.uniform(static_cast<std::uint64_t>(i)) - 0.5F;
  at::Tensor q = std::get<0>(at::linalg_qr(at::mm(x, start)));
  for (int i = 0; i < kIterations; ++i) {
    q = std::get<0>(at::linalg_qr(at::mm(x.t(), q)));
    q = std::get<0>(at::linalg_qr(at::mm(x, q)));
  }
  return q;
}

/// x [N, Dv]: centred clips.
Directions directions_of(const at::Tensor& x) {
  const auto count = static_cast<double>(x.size(0));
  Directions found;
  if (x.size(1) <= x.size(0) && x.size(1) <= kExactSize) {
    const at::Tensor wide = x.to(at::kDouble);
    std::tie(found.variance, found.basis) = largest_eigen(at::mm(wide.t(), wide) / count, kMostDirections);
  } else {
    const at::Tensor rows =
        x.size(0) <= kExactSize ? x.to(at::kDouble) : at::mm(range_of(x).t(), x).to(at::kDouble);
    const auto [squares, left] = largest_eigen(at::mm(rows, rows.t()), kMostDirections);
    found.variance = squares / count;
    found.basis = at::mm(rows.t(), left) / squares.clamp_min(kSmallestNorm).sqrt();
  }
  const std::int64_t kept = (found.variance > kLeastVariance * found.variance[0]).sum().item<std::int64_t>();
  found.variance = found.variance.narrow(0, 0, kept);
  found.basis = found.basis.narrow(1, 0, kept);
  return found;
}

const LinearPairs& checked(const LinearPairs& pairs) {
  const float* const values = pairs.clips.data();
  const bool finite = std::all_of(values, values + pairs.clips.rows() * pairs.clips.cols(),
                                  [](float value) { return std::isfinite(value); });
  if (!finite) {  // LAPACK may not return
    throw Error(Fault::Corrupt, "linear model", "the features of a clip contain a NaN or infinity",
                "`pipeline store verify` names the video");
  }
  if (pairs.clips.rows() >= 2 && pairs.words >= 1 && !pairs.texts.empty()) return pairs;
  throw Error(Fault::Mismatch, "linear model",
              "there are " + std::to_string(pairs.clips.rows()) + " clips and " +
                  std::to_string(pairs.words) + " words that two captions have",
              "Give more clips with captions");
}

/// The statistics of the pairs; models of any smoothing are computed from them.
class LinearFit {
 public:
  explicit LinearFit(const LinearPairs& pairs) : standardization_(checked(pairs).clips) {
    Matrix standardised = pairs.clips;
    standardization_.apply(standardised);
    directions_ = directions_of(tensor_of(standardised));
    if (directions_.variance.numel() == 0) {
      throw Error(Fault::Mismatch, "linear model", "all clips have the same features",
                  "Check that the features are those of the videos");
    }
    add_texts(pairs, components_of(pairs.clips));
  }

  /// The canonical directions of texts and of clips' principal components, with their correlations.
  struct Maps {
    at::Tensor text, video, correlation;  // [V, K], [R, K], [K], double
  };
  [[nodiscard]] Maps maps(double text_ridge, double video_ridge) {
    whiten_texts(text_ridge);
    const at::Tensor scale = (directions_.variance + video_ridge).rsqrt();  // [R]
    const at::Tensor whitened = cross_ * scale;                             // [V, R]
    const auto [squares, right] =
        largest_eigen(at::mm(whitened.t(), whitened), std::min(kMostComponents, whitened.size(0)));
    const at::Tensor correlation = squares.clamp_min(kSmallestNorm).sqrt();
    const at::Tensor left = at::mm(whitened, right) / correlation;
    // The factor of the texts' covariance is lower triangular: its transpose's inverse maps back.
    return {at::linalg_solve_triangular(factor_.t(), left, /*upper=*/true), scale.unsqueeze(1) * right,
            correlation};
  }

  [[nodiscard]] LinearModel model(const LinearSmoothing& smoothing) {
    const Maps maps = this->maps(smoothing.text_ridge, smoothing.video_ridge);
    const at::Tensor weights = maps.correlation.pow(smoothing.power);
    const at::Tensor text = maps.text * weights;
    const at::Tensor video = at::mm(directions_.basis, maps.video * weights) /
                             tensor_of(standardization_.deviation()).unsqueeze(1);
    return {matrix_of(text), vector_of(-at::mv(text.t(), text_mean_)), matrix_of(video),
            vector_of(-at::mv(video.t(), tensor_of(standardization_.mean())))};
  }

  /// The principal components of other clips, [N, R].
  [[nodiscard]] at::Tensor components_of(Matrix clips) const {
    standardization_.apply(clips);
    return at::mm(tensor_of(clips), directions_.basis.to(at::kFloat)).to(at::kDouble);
  }
  [[nodiscard]] const at::Tensor& text_mean() const noexcept { return text_mean_; }

 private:
  void add_texts(const LinearPairs& pairs, const at::Tensor& z) {
    const std::int64_t words = pairs.words, directions = z.size(1);
    const auto count = static_cast<double>(pairs.texts.size());
    text_mean_ = at::zeros({words}, at::kDouble);
    covariance_ = at::zeros({words, words}, at::kDouble);
    covariance_with_clips_ = at::zeros({words, directions}, at::kDouble);
    const at::Tensor mean_clip = at::zeros({directions}, at::kDouble);  // over the captions
    auto* const mean = text_mean_.data_ptr<double>();
    auto* const squares = covariance_.data_ptr<double>();
    auto* const products = covariance_with_clips_.data_ptr<double>();
    for (std::size_t i = 0; i < pairs.texts.size(); ++i) {
      const SparseRow& text = pairs.texts[i];
      const double* const clip = z.data_ptr<double>() + pairs.clip_of[i] * directions;
      for (std::int64_t d = 0; d < directions; ++d) mean_clip.data_ptr<double>()[d] += clip[d] / count;
      for (std::size_t a = 0; a < text.columns.size(); ++a) {
        const std::int64_t row = text.columns[a];
        const double value = static_cast<double>(text.values[a]) / count;
        mean[row] += value;
        for (std::size_t b = 0; b < text.columns.size(); ++b)
          squares[row * words + text.columns[b]] += value * static_cast<double>(text.values[b]);
        for (std::int64_t d = 0; d < directions; ++d) products[row * directions + d] += value * clip[d];
      }
    }
    covariance_.sub_(at::outer(text_mean_, text_mean_));
    covariance_with_clips_.sub_(at::outer(text_mean_, mean_clip));
  }

  /// L with L L^T = C + ridge, and L^-1 times the covariance with the clips.
  void whiten_texts(double ridge) {
    if (factor_.defined() && ridge == factored_ridge_) return;
    const double unit = covariance_.trace().item<double>() / static_cast<double>(covariance_.size(0));
    at::Tensor smoothed = covariance_.clone();
    smoothed.diagonal().add_(std::max(ridge * unit, kLeastVariance));
    factor_ = at::linalg_cholesky(smoothed);
    cross_ = at::linalg_solve_triangular(factor_, covariance_with_clips_, /*upper=*/false);
    factored_ridge_ = ridge;
  }

  Standardization standardization_;
  Directions directions_;
  at::Tensor text_mean_, covariance_, covariance_with_clips_;  // [V], [V, V], [V, R]
  at::Tensor factor_, cross_;                                  // [V, V], [V, R], for factored_ridge_
  double factored_ridge_ = 0;
};

/// The pairs of these clips.
LinearPairs pairs_of(const LinearPairs& all, const std::vector<bool>& wanted) {
  LinearPairs part;
  part.words = all.words;
  std::vector<std::int32_t> new_index(wanted.size(), -1);
  std::int32_t count = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) new_index[i] = count++;
  }
  part.clips = Matrix(count, all.clips.cols());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i])
      std::copy_n(all.clips.row(static_cast<std::int64_t>(i)), all.clips.cols(),
                  part.clips.row(new_index[i]));
  }
  for (std::size_t i = 0; i < all.texts.size(); ++i) {
    const std::int32_t clip = new_index[static_cast<std::size_t>(all.clip_of[i])];
    if (clip < 0) continue;
    part.texts.push_back(all.texts[i]);
    part.clip_of.push_back(clip);
  }
  return part;
}

/// texts [N, V] times `weight` [V, K].
at::Tensor product(const std::vector<SparseRow>& texts, const at::Tensor& weight) {
  const at::Tensor dense = weight.contiguous();
  const std::int64_t dim = dense.size(1);
  at::Tensor result = at::zeros({static_cast<std::int64_t>(texts.size()), dim}, at::kDouble);
  auto* row = result.data_ptr<double>();
  for (const SparseRow& text : texts) {
    for (std::size_t w = 0; w < text.columns.size(); ++w) {
      const double* const weights = dense.data_ptr<double>() + text.columns[w] * dim;
      for (std::int64_t k = 0; k < dim; ++k) row[k] += static_cast<double>(text.values[w]) * weights[k];
    }
    row += dim;
  }
  return result;
}

/// Deals the videos to `folds` folds and returns each clip's; -1 for clips beyond `most`.
std::vector<int> folds_of(const LinearPairs& pairs, int folds, std::int64_t most) {
  std::vector<std::int32_t> video_of = pairs.video_of;
  if (video_of.empty()) {
    video_of.resize(static_cast<std::size_t>(pairs.clips.rows()));
    std::iota(video_of.begin(), video_of.end(), 0);
  }
  std::vector<std::int32_t> videos = video_of;
  std::sort(videos.begin(), videos.end());
  videos.erase(std::unique(videos.begin(), videos.end()), videos.end());
  shuffle(videos, CounterRandom(kSeed, RandomUse::ClipOrder));
  std::map<std::int32_t, int> fold_of_video;
  for (std::size_t i = 0; i < videos.size(); ++i) fold_of_video[videos[i]] = static_cast<int>(i) % folds;
  std::map<std::int32_t, std::vector<std::size_t>> clips_of;
  for (std::size_t i = 0; i < video_of.size(); ++i) clips_of[video_of[i]].push_back(i);
  std::vector<int> fold(video_of.size(), -1);
  std::int64_t taken = 0;
  for (const std::int32_t video : videos) {
    for (const std::size_t clip : clips_of[video]) {
      if (taken++ < most) fold[clip] = fold_of_video[video];
    }
  }
  return fold;
}

LinearSmoothing chosen_smoothing(const LinearPairs& pairs) {
  constexpr int kFolds = 4;
  constexpr std::int64_t kMostClips = 2000;
  const std::vector<int> fold_of = folds_of(pairs, kFolds, kMostClips);
  constexpr std::array kPowers = {0.5, 1.0, 2.0};
  struct Ridges {
    double text, video;
  };
  std::vector<Ridges> ridges;
  for (const double text : {0.2, 1.0, 5.0, 25.0}) {
    for (const double video : {0.1, 0.3, 1.0, 3.0, 10.0, 30.0}) ridges.push_back({text, video});
  }
  std::vector<double> scores(ridges.size() * kPowers.size());
  int used = 0;  // folds
  for (int fold = 0; fold < kFolds; ++fold) {
    std::vector<bool> fitted(fold_of.size()), held_out(fold_of.size());
    for (std::size_t i = 0; i < fold_of.size(); ++i) {
      held_out[i] = fold_of[i] == fold;
      fitted[i] = fold_of[i] >= 0 && !held_out[i];
    }
    const LinearPairs test = pairs_of(pairs, held_out), train = pairs_of(pairs, fitted);
    if (test.texts.empty() || train.texts.empty() || train.clips.rows() < 2) continue;
    ++used;
    LinearFit fit(train);
    const at::Tensor components = fit.components_of(test.clips);
    for (std::size_t r = 0; r < ridges.size(); ++r) {
      const LinearFit::Maps maps = fit.maps(ridges[r].text, ridges[r].video);
      const at::Tensor text =
          product(test.texts, maps.text) - at::mv(maps.text.t(), fit.text_mean());  // [texts, K]
      const at::Tensor video = at::mm(components, maps.video);                      // [N, K]
      for (std::size_t p = 0; p < kPowers.size(); ++p) {
        const at::Tensor weights = maps.correlation.pow(kPowers[p]);
        Matrix texts = matrix_of(text * weights), clips = matrix_of(video * weights);
        to_unit_length(texts);
        to_unit_length(clips);
        const RetrievalMetrics metrics = summarize(text_to_video_ranks(texts, clips, test.clip_of));
        scores[r * kPowers.size() + p] += metrics["R@1"] + metrics["R@5"] + metrics["R@10"];
      }
    }
  }
  const auto best = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  const Ridges& chosen = ridges[best / kPowers.size()];
  return {chosen.text, chosen.video, kPowers[best % kPowers.size()],
          used > 0 ? scores[best] / (3 * used) : 0};
}

}  // namespace

LinearModel fit_linear_model(const LinearPairs& pairs, const LinearSmoothing& smoothing) {
  return on_one_thread([&] { return LinearFit(pairs).model(smoothing); });
}

LinearSmoothing choose_smoothing(const LinearPairs& pairs) {
  return on_one_thread([&] { return chosen_smoothing(pairs); });
}

}  // namespace tvr

#include "model/batches.h"

#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include "data/error.h"
#include "model/random.h"
#include "model/train_state.h"

namespace tvr {
namespace {

void require_finite(const Matrix& matrix, const std::string& where) {
  for (std::int64_t i = 0; i < matrix.rows(); ++i) {
    for (std::int64_t j = 0; j < matrix.cols(); ++j) {
      if (!std::isfinite(matrix.row(i)[j])) {
        throw Error(Fault::Corrupt, where, "row " + std::to_string(i) + " contains a NaN or infinity");
      }
    }
  }
}

}  // namespace

void validate(const PairData& pairs, const Matrix& vectors, const char* what) {
  const std::string where = what;
  if (pairs.captions.size() != pairs.clip_of.size()) {
    throw Error(Fault::InvalidArgument, where,
                "there are " + std::to_string(pairs.captions.size()) + " captions but " +
                    std::to_string(pairs.clip_of.size()) + " clip indices");
  }
  for (std::size_t i = 0; i < pairs.clip_of.size(); ++i) {
    if (pairs.clip_of[i] < 0 || pairs.clip_of[i] >= pairs.clips.rows()) {
      throw Error(Fault::InvalidArgument, where,
                  "caption " + std::to_string(i) + " refers to clip " + std::to_string(pairs.clip_of[i]) +
                      " of " + std::to_string(pairs.clips.rows()));
    }
    for (const std::int32_t id : pairs.captions[i]) {
      if (id >= 0 && id < vectors.rows()) continue;
      throw Error(Fault::InvalidArgument, where,
                  "caption " + std::to_string(i) + " has word id " + std::to_string(id) + ", there are " +
                      std::to_string(vectors.rows()) + " vectors");
    }
  }
  if (!pairs.video_of.empty() && pairs.video_of.size() != static_cast<std::size_t>(pairs.clips.rows())) {
    throw Error(Fault::InvalidArgument, where,
                "there are " + std::to_string(pairs.clips.rows()) + " clips but " +
                    std::to_string(pairs.video_of.size()) + " video indices");
  }
  require_finite(pairs.clips, where + " features");
  require_finite(vectors, "word vectors");
}

std::uint64_t checksum_of(const PairData& pairs) noexcept {
  Checksum sum;
  const std::int64_t shape[] = {pairs.clips.rows(), pairs.clips.cols(),
                                static_cast<std::int64_t>(pairs.captions.size())};
  sum.add(shape, sizeof shape);
  sum.add(pairs.clips.data(), static_cast<std::size_t>(shape[0] * shape[1]) * sizeof(float));
  for (const std::vector<std::int32_t>* numbers : {&pairs.clip_of, &pairs.video_of}) {
    const std::uint64_t count = numbers->size();
    sum.add(&count, sizeof count);
    sum.add(numbers->data(), count * sizeof(std::int32_t));
  }
  for (const std::vector<std::int32_t>& caption : pairs.captions) {
    const std::uint64_t words = caption.size();
    sum.add(&words, sizeof words);
    sum.add(caption.data(), caption.size() * sizeof(std::int32_t));
  }
  return sum.value();
}

EpochBatches::EpochBatches(const PairData& pairs, int batch_size, int n_pair, std::uint64_t seed)
    : batch_size_(static_cast<std::size_t>(batch_size)),
      n_pair_(static_cast<std::size_t>(n_pair)),
      seed_(seed) {
  const bool by_video = n_pair > 1 && !pairs.video_of.empty();
  std::map<std::int32_t, std::vector<std::int32_t>> captions;
  for (std::size_t i = 0; i < pairs.clip_of.size(); ++i) {
    const std::int32_t clip = pairs.clip_of[i];
    captions[by_video ? pairs.video_of[static_cast<std::size_t>(clip)] : clip].push_back(
        static_cast<std::int32_t>(i));
  }
  for (auto& [unit, of_unit] : captions) captions_of_.push_back(std::move(of_unit));
  if (captions_of_.size() >= batch_size_) return;
  throw Error(Fault::Mismatch, "train",
              std::to_string(captions_of_.size()) + " clips with captions do not fill one batch of " +
                  std::to_string(batch_size),
              "Lower the batch size or give more videos");
}

std::int64_t EpochBatches::steps() const noexcept {
  return static_cast<std::int64_t>(captions_of_.size() / batch_size_);
}

std::vector<PairBatch> EpochBatches::epoch(int epoch) const {
  const auto index = static_cast<std::uint64_t>(epoch);
  std::vector<std::size_t> order(captions_of_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, CounterRandom(seed_, RandomUse::ClipOrder, index));
  const CounterRandom choice(seed_, RandomUse::CaptionChoice, index);
  std::vector<PairBatch> batches(static_cast<std::size_t>(steps()));
  for (std::size_t i = 0; i < batches.size() * batch_size_; ++i) {
    std::vector<std::int32_t> captions = captions_of_[order[i]];
    for (std::size_t p = 0; p < n_pair_; ++p) {  // the first n_pair of a shuffle, cyclically
      const std::size_t at = p % captions.size();
      std::swap(captions[at], captions[at + choice.below(captions.size() - at, order[i] * n_pair_ + p)]);
      batches[i / batch_size_].push_back(captions[at]);
    }
  }
  return batches;
}

}  // namespace tvr

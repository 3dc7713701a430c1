#include "pipeline/narrated/narrated_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "data/error.h"
#include "data/narrations/candidates.h"
#include "data/store/row_range.h"
#include "data/usable_cores.h"
#include "model/random.h"
#include "pipeline/narrated/for_each_by.h"
#include "text/sentence.h"
#include "text/tokenizer.h"

namespace tvr {
namespace {

/// The number of tokens of each line, known words or not.
std::vector<int> count_words(const Narration& narration) {
  std::vector<int> counts;
  for (const std::string& text : narration.text) counts.push_back(static_cast<int>(tokenize(text).size()));
  return counts;
}

/// Pools rows [first, past) of a lane into `out` [pooled_parts * D], each part of unit length.
void pool_rows(const LaneRows& rows, RowRange range, Pooling pooling, float* out) {
  const std::int64_t dim = rows.dim();
  std::vector<float> buffer(static_cast<std::size_t>(dim));
  float* const max = pooling == Pooling::Mean ? nullptr : out;
  float* const mean = pooling == Pooling::Max ? nullptr : max == nullptr ? out : out + dim;
  for (std::int64_t row = range.first; row < range.past; ++row) {
    const float* const values = rows.row(row, buffer.data());
    if (max != nullptr && row == range.first) std::copy_n(values, dim, max);
    for (std::int64_t d = 0; max != nullptr && d < dim; ++d) max[d] = std::max(max[d], values[d]);
    for (std::int64_t d = 0; mean != nullptr && d < dim; ++d) mean[d] += values[d];
  }
  if (max != nullptr) l2_normalize(max, static_cast<std::size_t>(dim));
  if (mean != nullptr) l2_normalize(mean, static_cast<std::size_t>(dim));  // the length of a sum is no matter
}

}  // namespace

NarratedPairs::NarratedPairs(const NarratedVideos& videos, const WordTable& words,
                             const TrainOptions& options)
    : videos_(videos), words_(words), options_(options), without_rows_(videos.lanes().size()) {
  if (steps() > 0) return;
  throw Error(
      Fault::Mismatch, "train",
      fmt::format("{} narrated videos do not fill one batch of {}", videos.count(), options.batch_size),
      "Lower --batch-size, or give more videos");
}

std::int64_t NarratedPairs::video_dim() const noexcept {
  std::int64_t dim = 0;
  for (const TimedLane& lane : videos_.lanes()) dim += lane.recipe.dim * pooled_parts(videos_.pooling());
  return dim;
}

std::shared_ptr<const NarratedPairs::Order> NarratedPairs::order_of(int epoch) const {
  const MutexLock lock(mutex_);
  if (drawn_epoch_ != epoch) {
    Order order(static_cast<std::size_t>(videos_.count()));
    std::iota(order.begin(), order.end(), 0);
    shuffle(order, CounterRandom(options_.seed, RandomUse::ClipOrder, static_cast<std::uint64_t>(epoch)));
    drawn_ = std::make_shared<const Order>(std::move(order));
    drawn_epoch_ = epoch;
  }
  return drawn_;
}

NarratedClip NarratedPairs::clip_of(const Narration& narration, std::int64_t line) const {
  const NarratedOptions& options = videos_.options();
  if (options_.loss == RankingLoss::MilNce) return centred_clip(narration, line, options.min_time);
  const std::vector<int> words = options.min_words > 0
                                     ? count_words(narration)
                                     : std::vector<int>(static_cast<std::size_t>(narration.size()));
  return grow(narration, words, line, options.min_time, options.min_words);
}

void NarratedPairs::add_captions(const Narration& narration, std::int64_t line, StepPairs& pairs) const {
  const auto append = [&](int of_line, std::vector<std::int32_t>& caption) {
    const int left = options_.max_words - static_cast<int>(caption.size());
    const auto ids = encode(narration.text[static_cast<std::size_t>(of_line)], words_, left);
    caption.insert(caption.end(), ids.begin(), ids.end());
  };
  if (options_.loss == RankingLoss::MilNce) {
    for (const int candidate : candidate_lines(narration, line, videos_.options().candidates))
      append(candidate, pairs.captions.emplace_back());
    return;
  }
  std::vector<std::int32_t>& caption = pairs.captions.emplace_back();
  for (const int of_line : clip_of(narration, line).lines) append(of_line, caption);
}

StepPairs NarratedPairs::batch(int epoch, std::int64_t step) const {
  const std::shared_ptr<const Order> order = order_of(epoch);
  const CounterRandom choice(options_.seed, RandomUse::CaptionChoice, static_cast<std::uint64_t>(epoch));
  const std::int64_t pairs = std::int64_t{options_.batch_size} * options_.n_pair;
  std::vector<std::int32_t> lines;
  for (std::int64_t i = 0; i < pairs; ++i) {
    const std::int64_t draw = step * pairs + i;  // its number in the epoch
    const std::int64_t video = (*order)[static_cast<std::size_t>(draw / options_.n_pair)];
    const std::uint64_t line =
        choice.below(static_cast<std::uint64_t>(videos_.line_count(video)), static_cast<std::uint64_t>(draw));
    lines.push_back(static_cast<std::int32_t>(videos_.first_line(video) + static_cast<std::int64_t>(line)));
  }
  return pairs_of(lines);
}

StepPairs NarratedPairs::pairs_of(const std::vector<std::int32_t>& lines) const {
  StepPairs pairs{lines, {}};
  Narration narration;
  std::int64_t read = -1;  // the video of `narration`
  for (const std::int32_t line : lines) {
    const std::int64_t video = videos_.video_of(line);
    if (video != read) narration = videos_.narration(video);
    read = video;
    add_captions(narration, line - videos_.first_line(video), pairs);
  }
  return pairs;
}

void NarratedPairs::read_video(const std::vector<std::int32_t>& clips, std::size_t first, std::size_t past,
                               Matrix& features) const {
  const std::int64_t video = videos_.video_of(clips[first]);
  const Narration narration = videos_.narration(video);
  std::vector<NarratedClip> spans;
  for (std::size_t i = first; i < past; ++i)
    spans.push_back(clip_of(narration, clips[i] - videos_.first_line(video)));
  std::int64_t column = 0;
  for (std::size_t l = 0; l < videos_.lanes().size(); ++l) {
    const TimedLane& lane = videos_.lanes()[l];
    const LaneRows rows = videos_.features().read(videos_.id(video), l);
    for (std::size_t i = first; i < past; ++i) {
      const NarratedClip& span = spans[i - first];
      const RowRange range = rows_by_number(span.start, span.end, lane.rows_per_second, rows.rows());
      if (range.first < range.past) {
        pool_rows(rows, range, videos_.pooling(), features.row(static_cast<std::int64_t>(i)) + column);
      } else {
        ++without_rows_[l];
      }
    }
    column += lane.recipe.dim * pooled_parts(videos_.pooling());
  }
}

Matrix NarratedPairs::features(const std::vector<std::int32_t>& clips) const {
  Matrix features(static_cast<std::int64_t>(clips.size()), video_dim());
  std::vector<std::size_t> first;  // of the clips of one video that lie side by side, and the end
  for (std::size_t i = 0; i < clips.size(); ++i) {
    if (i == 0 || videos_.video_of(clips[i]) != videos_.video_of(clips[i - 1])) first.push_back(i);
  }
  first.push_back(clips.size());
  const int threads = options_.threads > 0 ? options_.threads : usable_cores();
  for_each_by(threads, first.size() - 1,
              [&](std::size_t i) { read_video(clips, first[i], first[i + 1], features); });
  return features;
}

std::string NarratedPairs::identity() const {
  Sha256 words;
  for (const std::string& word : words_.words) words.add(word + '\n');
  return videos_.digest() + ' ' + words.finish();
}

std::vector<std::string> NarratedPairs::notes() const {
  std::vector<std::string> notes;
  for (std::size_t l = 0; l < without_rows_.size(); ++l) {
    if (without_rows_[l] == 0) continue;
    notes.push_back(fmt::format("{} narrated clips had no row of lane {}, which is zeros there",
                                without_rows_[l].load(), videos_.lanes()[l].recipe.recipe.lane));
  }
  return notes;
}

}  // namespace tvr

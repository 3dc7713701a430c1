#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/mutex.h"
#include "model/pair_source.h"
#include "model/trainer.h"
#include "pipeline/narrated/narrated_videos.h"
#include "text/word_vectors.h"

namespace tvr {

/// Pairs of a narrated line and its part of the video, drawn and read from disk for each step as
/// antoine77340/howto100m does (youtube_dataloader.py): an epoch visits each video once, in an order drawn
/// from (seed, epoch); n_pair of its lines are drawn with replacement and grown to clips; the last incomplete
/// batch is dropped. Pairs of a video lie side by side. A clip's number is that of its line.
class NarratedPairs : public PairSource {
 public:
  /// Keeps references to `videos` and `words`. Throws Error(Mismatch) for fewer videos than fill a batch.
  NarratedPairs(const NarratedVideos& videos, const WordTable& words, const TrainOptions& options);

  [[nodiscard]] std::int64_t clip_count() const noexcept override { return videos_.line_count(); }
  [[nodiscard]] std::int64_t video_dim() const noexcept override;
  [[nodiscard]] std::int64_t steps() const noexcept override { return videos_.count() / options_.batch_size; }
  [[nodiscard]] bool is_on_disk() const noexcept override { return true; }
  [[nodiscard]] StepPairs batch(int epoch, std::int64_t step) const override;
  /// The pairs of the lines with these numbers; reads the narrations of their videos. A caption has the words
  /// of its clip's lines, the drawn one first.
  [[nodiscard]] StepPairs pairs_of(const std::vector<std::int32_t>& lines) const;
  /// Reads each video's lanes once, by several threads. A clip has the rows that rows_by_number() gives; a
  /// lane without any is zeros.
  [[nodiscard]] Matrix features(const std::vector<std::int32_t>& clips) const override;
  [[nodiscard]] std::string identity() const override;

  /// How many clips had no row of a lane.
  [[nodiscard]] std::vector<std::string> notes() const override;

 private:
  using Order = std::vector<std::int32_t>;
  [[nodiscard]] std::shared_ptr<const Order> order_of(int epoch) const;
  [[nodiscard]] NarratedClip clip_of(const Narration& narration, std::int64_t line) const;
  void add_captions(const Narration& narration, std::int64_t line, StepPairs& pairs) const;
  void read_video(const std::vector<std::int32_t>& clips, std::size_t first, std::size_t past,
                  Matrix& features) const;

  const NarratedVideos& videos_;
  const WordTable& words_;
  const TrainOptions options_;
  mutable std::vector<std::atomic<std::int64_t>> without_rows_;  // [lanes]
  mutable Mutex mutex_;
  mutable int drawn_epoch_ TVR_GUARDED_BY(mutex_) = 0;  // 0: none
  /// The videos in that epoch's order, kept because drawing it shuffles all of them.
  mutable std::shared_ptr<const Order> drawn_ TVR_GUARDED_BY(mutex_);
};

}  // namespace tvr

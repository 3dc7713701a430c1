#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "extract/clip.h"

namespace tvr {

struct VideoInWork;

/// A clip queued for a network, and the video that waits for its feature row.
struct WaitingClip {
  std::shared_ptr<VideoInWork> video;
  std::size_t device = 0;  // the device that runs it
  std::size_t lane = 0;    // index among the extraction's lanes; clip.lane counts only those of its video
  Clip clip;
};

/// Collects clips of equal device, lane and size, from any videos, into batches. Not thread-safe.
class ClipBatcher {
 public:
  /// batch_size >= 1. Holds at most `max_waiting` clips: beyond that, the largest group is returned as a
  /// smaller batch.
  ClipBatcher(std::size_t batch_size, std::size_t max_waiting)
      : batch_size_(batch_size), max_waiting_(max_waiting) {}

  /// Adds a clip; returns a batch that is ready to run (of one device, lane and size), or an empty one.
  [[nodiscard]] std::vector<WaitingClip> add(WaitingClip clip);
  /// Returns a batch of the remaining clips, full or not; empty when there are none.
  [[nodiscard]] std::vector<WaitingClip> flush();

 private:
  using Key = std::tuple<std::size_t, std::size_t, int, int>;  // device, lane, height, width
  [[nodiscard]] std::vector<WaitingClip> take(std::map<Key, std::vector<WaitingClip>>::iterator group);

  std::size_t batch_size_, max_waiting_;
  std::size_t waiting_ = 0;
  std::map<Key, std::vector<WaitingClip>> groups_;
};

}  // namespace tvr

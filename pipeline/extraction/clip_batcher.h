#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "extract/clip.h"

namespace tvr {

struct VideoInWork;

/// A clip on its way to a network, and the video that waits for its row.
struct WaitingClip {
  std::shared_ptr<VideoInWork> video;
  std::size_t device = 0;  // which runs it
  std::size_t lane = 0;    // of the extraction; clip.lane counts the lanes of its video only
  Clip clip;
};

/// Gathers clips of equal device, lane and size, of any videos, into batches. Not safe from many threads by
/// itself.
class ClipBatcher {
 public:
  /// batch_size >= 1. At most `max_waiting` clips lie here: with more, the largest group goes as a smaller
  /// batch.
  ClipBatcher(std::size_t batch_size, std::size_t max_waiting)
      : batch_size_(batch_size), max_waiting_(max_waiting) {}

  /// Takes a clip; returns a batch that is ready to run (of one device, lane and size), or none.
  [[nodiscard]] std::vector<WaitingClip> add(WaitingClip clip);
  /// A batch of what is left, whether full or not; none when nothing is left.
  [[nodiscard]] std::vector<WaitingClip> flush();

 private:
  using Key = std::tuple<std::size_t, std::size_t, int, int>;  // device, lane, height, width
  [[nodiscard]] std::vector<WaitingClip> take(std::map<Key, std::vector<WaitingClip>>::iterator group);

  std::size_t batch_size_, max_waiting_;
  std::size_t waiting_ = 0;
  std::map<Key, std::vector<WaitingClip>> groups_;
};

}  // namespace tvr

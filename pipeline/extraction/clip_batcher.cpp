#include "pipeline/extraction/clip_batcher.h"

#include <algorithm>

namespace tvr {

std::vector<WaitingClip> ClipBatcher::add(WaitingClip clip) {
  const Key key{clip.device, clip.lane, clip.clip.height, clip.clip.width};
  const auto group = groups_.try_emplace(key).first;
  group->second.push_back(std::move(clip));
  ++waiting_;
  if (group->second.size() >= batch_size_) return take(group);
  return waiting_ > max_waiting_ ? flush() : std::vector<WaitingClip>{};
}

std::vector<WaitingClip> ClipBatcher::flush() {
  const auto largest = std::max_element(groups_.begin(), groups_.end(), [](const auto& a, const auto& b) {
    return a.second.size() < b.second.size();
  });
  return largest == groups_.end() ? std::vector<WaitingClip>{} : take(largest);
}

std::vector<WaitingClip> ClipBatcher::take(std::map<Key, std::vector<WaitingClip>>::iterator group) {
  std::vector<WaitingClip> batch = std::move(group->second);
  groups_.erase(group);
  waiting_ -= batch.size();
  return batch;
}

}  // namespace tvr

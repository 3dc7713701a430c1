#include "model/pair_source.h"

#include <map>

namespace tvr {

std::vector<std::int32_t> groups_of(const StepPairs& pairs) {
  std::map<std::int32_t, std::int32_t> joined;  // a clip, and a clip of its group; itself: it stands for all
  const auto representative = [&](std::int32_t clip) {
    while (joined.at(clip) != clip) clip = joined.at(clip);
    return clip;
  };
  std::map<std::vector<std::int32_t>, std::int32_t> clip_with;
  for (std::size_t i = 0; i < pairs.clips.size(); ++i) {
    joined.emplace(pairs.clips[i], pairs.clips[i]);
    const std::int32_t other = clip_with.emplace(pairs.captions[i], pairs.clips[i]).first->second;
    joined[representative(pairs.clips[i])] = representative(other);
  }
  std::vector<std::int32_t> groups;
  for (const std::int32_t clip : pairs.clips) groups.push_back(representative(clip));
  return groups;
}

}  // namespace tvr

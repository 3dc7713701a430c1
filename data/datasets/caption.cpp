#include "data/datasets/caption.h"

#include <fmt/format.h>

namespace tvr {

void CaptionSetBuilder::add(const ClipRef& clip, std::string text) {
  if (set_.by_reference) {
    set_.captions.push_back({std::move(text), static_cast<std::int32_t>(set_.clips.size())});
    set_.clips.push_back(clip);
    return;
  }
  std::string key = clip.video_id;
  if (clip.span) key += fmt::format("\n{} {}", clip.span->start.count(), clip.span->end.count());
  const auto [found, is_new] =
      index_of_.emplace(std::move(key), static_cast<std::int32_t>(set_.clips.size()));
  if (is_new) set_.clips.push_back(clip);
  set_.captions.push_back({std::move(text), found->second});
}

}  // namespace tvr

#include "data/datasets/video_selection.h"

#include <utility>

#include "data/error.h"

namespace tvr {

std::vector<VideoSource> videos_of(const VideoSelection& selection, const KnownIds& known,
                                   PassedOver* passed_over) {
  if (!selection.is_named()) {
    throw Error(Fault::InvalidArgument, "videos", "none are given",
                "Pass --videos FOLDER or --list FILE.csv");
  }
  PassedOver others;
  std::vector<VideoSource> videos = selection.list.empty() ? find_videos(selection.folder, known, &others)
                                                           : read_video_list(selection.list);
  if (videos.empty()) {
    throw Error(Fault::NotFound, (selection.list.empty() ? selection.folder : selection.list).string(),
                others.text().empty() ? "no video files there" : "no video files there: " + others.text());
  }
  if (passed_over != nullptr) *passed_over = std::move(others);
  return selection.shard.count == 1 ? videos : shard_of(videos, selection.shard);
}

}  // namespace tvr

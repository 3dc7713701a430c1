#include "data/datasets/video_selection.h"

#include "data/error.h"

namespace tvr {

std::vector<VideoSource> videos_of(const VideoSelection& selection, const KnownIds& known) {
  if (!selection.is_named()) {
    throw Error(Fault::InvalidArgument, "videos", "none are given",
                "Pass --videos FOLDER or --list FILE.csv");
  }
  std::vector<VideoSource> videos =
      selection.list.empty() ? find_videos(selection.folder, known) : read_video_list(selection.list);
  if (videos.empty()) {
    throw Error(Fault::NotFound, (selection.list.empty() ? selection.folder : selection.list).string(),
                "no video files there");
  }
  return selection.shard.count == 1 ? videos : shard_of(videos, selection.shard);
}

}  // namespace tvr

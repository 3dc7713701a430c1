#pragma once

#include <string>
#include <vector>

#include "extract/media/cut.h"
#include "pipeline/search/searcher.h"

namespace tvr {

/// A moment of a video that a search has found.
struct Moment {
  SearchHit hit;
  std::string sentence;
  StatedRate rate;  // of the video, in which editors count
};

/// Where the clip of a moment belongs below `folder`: "FOLDER/pika/0027@30.0-40.0.mp4". Throws Error(Corrupt)
/// for an id that is none, as a store from elsewhere may hold.
[[nodiscard]] std::filesystem::path clip_path(const std::filesystem::path& folder, const SearchHit& hit);

/// A playlist (extended M3U), for VLC with the moments' beginnings and ends (#EXTVLCOPT).
[[nodiscard]] std::string m3u_of(const std::vector<Moment>& moments);
/// A timeline of the moments one after the other, as OpenTimelineIO writes it (Timeline.1, Clip.1):
/// https://opentimelineio.readthedocs.io/en/stable/tutorials/otio-serialized-schema.html
[[nodiscard]] std::string otio_of(const std::vector<Moment>& moments);
/// The same as an edit decision list (CMX 3600), of pictures alone. All its time codes count at the first
/// moment's rate, rounded to whole frames a second, without drop frames.
[[nodiscard]] std::string edl_of(const std::vector<Moment>& moments);

}  // namespace tvr

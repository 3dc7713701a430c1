// The names that a folder is searched for are data's; which containers there are, libav knows.
#include "data/datasets/video_extensions.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

extern "C" {
#include <libavformat/avformat.h>
}

namespace tvr {
namespace {

std::set<std::string> split(const char* list) {
  std::set<std::string> names;
  std::istringstream in(list == nullptr ? "" : list);
  for (std::string name; std::getline(in, name, ',');) names.insert(name);
  return names;
}

TEST(VideoExtensions, AreThoseOfEveryVideoContainerThatLibavReads) {
  const std::set<std::string> read = {
      "mov",  "matroska", "webm", "avi", "flv", "mpegts", "mpeg", "mpegvideo",   "m4v", "h261",
      "h263", "h264",     "hevc", "av1", "obu", "ivf",    "vc1",  "asf",         "nut", "ogg",
      "gif",  "mjpeg",    "rm",   "wtv", "mxf", "dv",     "swf",  "yuv4mpegpipe"};
  // Sound, subtitles, manifests and photographs under the same demuxers.
  const std::set<std::string> others = {"m4a",  "m4b", "isma", "mka", "mks",
                                        "avif", "mpo", "ra",   "wma", "oga"};
  void* cursor = nullptr;
  while (const AVInputFormat* const format = av_demuxer_iterate(&cursor)) {
    for (const std::string& name : split(format->name)) {
      if (read.count(name) == 0) continue;
      for (const std::string& extension : split(format->extensions))
        EXPECT_NE(has_video_extension("a." + extension), others.count(extension) == 1)
            << format->name << ": " << extension;
    }
  }
  cursor = nullptr;
  while (const AVOutputFormat* const format = av_muxer_iterate(&cursor)) {
    if (read.count(format->name) == 0) continue;
    for (const std::string& extension : split(format->extensions))
      EXPECT_NE(has_video_extension("a." + extension), others.count(extension) == 1)
          << format->name << ": " << extension;
  }
}

}  // namespace
}  // namespace tvr

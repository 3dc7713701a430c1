#pragma once

#include <string>

#include "extract/media/av_handle.h"

namespace tvr {

/// How a browser can get a video: as the file is, or its coded pictures in a container that browsers know.
struct BrowserFormat {
  std::string mime;         // for canPlayType(), with the codec's profile and level where not all browsers
                            // play all (RFC 6381); empty: browsers do not play this codec
  bool is_remuxed = false;  // the file's container is not one for browsers
};

/// Of the video stream `index`.
[[nodiscard]] BrowserFormat browser_format(const AVFormatContext& format, int index);

/// The sound that goes into an MP4 for browsers.
struct BrowserSound {
  int index = -1;    // of its stream; -1: none
  std::string lost;  // where there is none: the codec of the file's sound; empty: it has none
};
/// The sound that belongs to the video stream `index`, or another one in its place if browsers do not play
/// it.
[[nodiscard]] BrowserSound browser_sound(AVFormatContext& format, int index);

}  // namespace tvr

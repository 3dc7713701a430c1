#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "data/narrations/narration.h"

namespace tvr {

/// The cues of SubRip (.srt) or WebVTT text (https://www.w3.org/TR/webvtt1): a line "START --> END", then
/// lines until an empty one; all else is passed over, cues among it whose times are none, or end before they
/// start. Tags ("<i>", "{\\an8}") are dropped, character references resolved. Text that is not UTF-8 is read
/// as ISO 8859-1. Throws Error(Corrupt) where there is no cue, Error(Limit) for more than a million.
[[nodiscard]] Narration parse_subtitles(const std::string& name, std::string_view text);

/// Of a file .srt or .vtt, or a .csv of HowTo100M's captions (narration_csv.h). Throws what
/// parse_subtitles(), read_narration_csv() and read_text_file() throw.
[[nodiscard]] Narration read_subtitles(const std::filesystem::path& path);

}  // namespace tvr

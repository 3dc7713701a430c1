#pragma once

#include <string>

#include "data/datasets/caption.h"

namespace tvr {

/// Notes how many clips and captions a split has, with `remark` after it; nothing for an empty split. For the
/// test split also how many captions describe more than one clip word for word: no model can tell those clips
/// apart.
void note_split(DataSet& data, const std::string& split, const CaptionSet& set,
                const std::string& remark = {});

/// "video1, video2, video3, ..."
[[nodiscard]] std::string examples(const std::vector<std::string>& names);

}  // namespace tvr

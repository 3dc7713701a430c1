#pragma once

#include <string>

#include "data/datasets/caption.h"

namespace tvr {

/// Notes the number of clips and captions of a split, followed by `remark`; nothing for an empty split. For
/// the test split also the number of captions that are identical for more than one clip: no model can tell
/// those clips apart.
void note_split(DataSet& data, const std::string& split, const CaptionSet& set,
                const std::string& remark = {});

/// "video1, video2, video3, ..."
[[nodiscard]] std::string examples(const std::vector<std::string>& names);

}  // namespace tvr

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "data/narrations/narration_source.h"

namespace tvr {

/// caption.json, raw_caption.json, raw_caption_superclean.json of HowTo100M: {"ID": {"start": [0.08, ...],
/// "end": [...], "text": ["...", ...]}, ...}. Other members are passed over. A text that is null or NaN is
/// none.
[[nodiscard]] std::unique_ptr<NarrationSource> open_narration_json(const std::filesystem::path& path);

/// One video of them as a text: {"start": ..., "end": ..., "text": ...}. `where` names it in errors. Throws
/// Error(Corrupt | Limit).
[[nodiscard]] Narration parse_narration_json(std::string_view text, const std::string& where);

}  // namespace tvr

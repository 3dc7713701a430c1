#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "model/parameters.h"

namespace tvr {

/// Forward passes of the towers for inference, in blocks of rows, so that memory for activations does not
/// grow with the input.
[[nodiscard]] Matrix embed_text(const Parameters& parameters, const Matrix& vectors,
                                const std::vector<std::vector<std::int32_t>>& captions,
                                std::int64_t max_words);
[[nodiscard]] Matrix embed_video(const Parameters& parameters, const Matrix& clips);

}  // namespace tvr

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// The words of a sentence: Python's re.findall(r"[\w']+", s) on Unicode code points, case preserved. Bytes
/// that are not UTF-8 separate words.
[[nodiscard]] std::vector<std::string> tokenize(std::string_view sentence);

}  // namespace tvr

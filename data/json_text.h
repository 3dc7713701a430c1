#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tvr {

/// `value` as JSON, indented by `indent` blanks; -1: on one line. Paths and messages of other programs may
/// hold bytes that are not UTF-8; each becomes U+FFFD, where nlohmann's dump() would throw.
[[nodiscard]] std::string json_text(const nlohmann::json& value, int indent = 2);

}  // namespace tvr

#pragma once

#include <string>
#include <string_view>

namespace tvr {

/// What libjpeg says of damage in the coded data of a JPEG ("Premature end of JPEG file"): decoders make up
/// the missing part in grey. Empty: it is whole. Says nothing on stderr. The size must have been checked.
[[nodiscard]] std::string jpeg_damage(std::string_view bytes);

}  // namespace tvr

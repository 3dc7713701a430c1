#pragma once

#include <string>

#include "data/error.h"

namespace tvr {

/// Whether the system's error number says that there is no room: a full disk, or a quota that is used up.
[[nodiscard]] bool is_no_room(int code) noexcept;

/// The Error(Unreadable) of writing `where`: `what` failed ("cannot be written") with the system's error
/// number `code`. No room on the disk is called that, with what to do about it.
[[nodiscard]] Error write_error(const std::string& where, const std::string& what, int code);

}  // namespace tvr

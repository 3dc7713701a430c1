#pragma once

#include <string>

#include "data/error.h"
#include "model/distributed/collective.h"

namespace tvr {

/// Whether any process says so.
[[nodiscard]] bool any_of(Collective& group, bool mine);
/// What rank 0 says.
[[nodiscard]] bool first_says(Collective& group, bool mine);

/// Ends what all processes do: rank 0 throws `error`, the others wait to be ended.
[[noreturn]] void refuse(Collective& group, const Error& error);

/// Requires that all processes have the same text `mine` (what follows the first 64 bytes is ignored), such
/// as the name of their kernels. Otherwise refuses with Error(Mismatch) that says which rank has which.
void require_equal(Collective& group, const std::string& what, const std::string& mine,
                   const std::string& advice);

}  // namespace tvr

#pragma once

#include <functional>
#include <string>

#include "model/distributed/collective.h"

namespace tvr {

/// Calls `work` with the group of processes that a launcher has started this one in, of which only rank 0
/// speaks, or with alone(). In a group of several a failure of one is said with its rank and ends all: this
/// does not return then.
void work_in_group(const std::function<void(Collective& group)>& work);

/// Throws Error(Unsupported) where a launcher has started several processes of a command that is one's work.
void require_one_process(const std::string& command);

}  // namespace tvr

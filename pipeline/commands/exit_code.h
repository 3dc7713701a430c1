#pragma once

namespace tvr {

/// Exit codes that scripts may rely on.
enum ExitCode : int { kDone = 0, kFailed = 1, kSomeVideosFailed = 2, kUsage = 64 };

}  // namespace tvr

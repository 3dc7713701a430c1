#pragma once

namespace tvr {

/// Exit codes that scripts may rely on.
/// A program that Ctrl-C, SIGTERM or SIGUSR1 has stopped ends as shells call that: with 128 and the signal's
/// number, 130, 143 or 138.
enum ExitCode : int { kDone = 0, kFailed = 1, kSomeVideosFailed = 2, kUsage = 64, kSignalled = 128 };

}  // namespace tvr

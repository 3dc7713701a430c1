#pragma once

#include <string>
#include <vector>

namespace tvr {

/// The result of a check.
enum class Finding {
  Ok,
  Note,     // something is absent that only some jobs need
  Warning,  // it works, but not as it should
  Missing,  // what was asked for cannot be done
};
[[nodiscard]] const char* name(Finding finding) noexcept;  // "ok", "note", "warning", "missing"

/// One line of `pipeline doctor`.
struct Check {
  std::string group;  // "libraries"
  std::string name;   // "libavcodec"
  Finding finding = Finding::Ok;
  std::string seen;
  std::string advice;  // what to do; empty when ok
};
using Checks = std::vector<Check>;

/// Whether nothing is missing: the exit code.
[[nodiscard]] bool nothing_missing(const Checks& checks);

/// As text: a heading per group, a line per check with its advice below, wrapped between words at `columns`
/// cells (at least 40). `descriptor`: where it will be printed, for colours.
[[nodiscard]] std::string checks_text(const Checks& checks, std::size_t columns, int descriptor);

/// [{"group":, "name":, "state":, "seen":, "advice":}, ...]
[[nodiscard]] std::string checks_json(const Checks& checks);

}  // namespace tvr

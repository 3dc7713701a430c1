#pragma once

#include <string>
#include <vector>

namespace tvr {

/// How a check came out.
enum class Finding {
  Ok,
  Note,     // something is not there that only some work needs
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

/// For people: a heading a group, a line a check, advice below what it is about, all in at most `columns`
/// cells (40 at least) by breaking between words. `descriptor`: where it will be printed, for colours.
[[nodiscard]] std::string checks_text(const Checks& checks, std::size_t columns, int descriptor);

/// [{"group":, "name":, "state":, "seen":, "advice":}, ...]
[[nodiscard]] std::string checks_json(const Checks& checks);

}  // namespace tvr

#include "data/error.h"

namespace tvr {
namespace {

std::string compose(const std::string& where, const std::string& seen, const std::string& advice) {
  std::string text = where.empty() ? seen : where + ": " + seen;
  if (!advice.empty()) text += ". " + advice;
  return text;
}

}  // namespace

const char* name(Fault fault) noexcept {
  switch (fault) {
    case Fault::InvalidArgument: return "invalid_argument";
    case Fault::NotFound: return "not_found";
    case Fault::Unreadable: return "unreadable";
    case Fault::Corrupt: return "corrupt";
    case Fault::Unsupported: return "unsupported";
    case Fault::Mismatch: return "mismatch";
    case Fault::Limit: return "limit";
    case Fault::Timeout: return "timeout";
    case Fault::Busy: return "busy";
    case Fault::Interrupted: return "interrupted";
  }
  return "unknown";
}

Error::Error(Fault fault, const std::string& where, const std::string& seen, const std::string& advice)
    : std::runtime_error(compose(where, seen, advice)),
      fault_(fault),
      where_(where),
      seen_(seen),
      advice_(advice) {}

}  // namespace tvr

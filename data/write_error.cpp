#include "data/write_error.h"

#include <cerrno>
#include <cstring>

namespace tvr {

bool is_no_room(int code) noexcept { return code == ENOSPC || code == EDQUOT; }

Error write_error(const std::string& where, const std::string& what, int code) {
  const std::string words = " (" + std::string(std::strerror(code)) + ")";
  if (is_no_room(code)) {
    return {Fault::Unreadable, where, what + ": no room on the disk" + words,
            "Free disk space and run the same command again"};
  }
  if (code == EFBIG) {
    return {Fault::Unreadable, where, what + words,
            "Check `ulimit -f` and the file system's largest file, and run the same command again"};
  }
  if (code == ENOENT) return {Fault::Unreadable, where, what + words, "Create its folder first"};
  return {Fault::Unreadable, where, what + words, "Check the permissions of the file and of its folder"};
}

}  // namespace tvr

#include "text/libraries.h"

#include <fasttext/fasttext.h>
#include <utf8proc.h>

#include <string>

namespace tvr {

std::vector<LibraryVersion> text_libraries() {
  const std::string compiled = std::to_string(UTF8PROC_VERSION_MAJOR) + '.' +
                               std::to_string(UTF8PROC_VERSION_MINOR) + '.' +
                               std::to_string(UTF8PROC_VERSION_PATCH);
  const void* code = reinterpret_cast<const void*>(&fasttext::utils::size);  // fastText reports no version
  return {{"fastText", {}, {}, file_of_code(code)}, {"utf8proc", compiled, utf8proc_version(), {}}};
}

}  // namespace tvr

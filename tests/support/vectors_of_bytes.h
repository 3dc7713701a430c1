#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "data/error.h"
#include "text/word_vectors.h"

namespace tvr::testing {

/// Opens `bytes` as a file of word vectors and looks some words up; false when that is an Error. Aborts when
/// what comes back is not whole and finite. The file lies in memory.
inline bool read_vectors_of(std::string_view bytes) {
  static const int fd = memfd_create("vectors", MFD_CLOEXEC);
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    std::abort();
  try {
    const auto vectors = open_word_vectors("/proc/self/fd/" + std::to_string(fd));
    const WordTable table = vectors->lookup({"the", "a", "cat", "x", "", "the", "caf\xc3\xa9"});
    if (table.words.size() != table.ids.size() || table.vectors.cols() != vectors->dim()) std::abort();
    for (std::int64_t i = 0; i < table.vectors.rows() * table.vectors.cols(); ++i)
      if (!std::isfinite(table.vectors.data()[i])) std::abort();
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace tvr::testing

#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "data/error.h"
#include "text/word_vectors.h"

namespace tvr::testing {

/// Opens `bytes` as a file of word vectors and looks some words up: what comes back is whole and finite, or
/// an Error.
inline void read_vectors_of(const std::uint8_t* bytes, std::size_t size) {
  static const int fd = memfd_create("fuzz", 0);
  if (ftruncate(fd, 0) != 0 || pwrite(fd, bytes, size, 0) != static_cast<ssize_t>(size)) std::abort();
  try {
    const auto vectors = open_word_vectors("/proc/self/fd/" + std::to_string(fd));
    const WordTable table = vectors->lookup({"the", "a", "cat", "x", "", "the", "caf\xc3\xa9"});
    if (table.words.size() != table.ids.size() || table.vectors.cols() != vectors->dim()) std::abort();
    for (std::int64_t i = 0; i < table.vectors.rows() * table.vectors.cols(); ++i)
      if (!std::isfinite(table.vectors.data()[i])) std::abort();
  } catch (const Error&) {
  }
}

}  // namespace tvr::testing

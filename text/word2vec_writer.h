#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "data/progress.h"
#include "text/whitening.h"
#include "text/word_vectors.h"

namespace tvr {

enum class Word2vecFormat { Binary, Text };

/// Writes all words of `vectors` in a format of word2vec.c, which gensim and most other programs read; whole
/// or not at all. Binary: the line "words dim", then for each word its name, a blank, dim float32
/// (little-endian) and a line end. Text: the same in decimal, in as many digits as give the same float32
/// again. Words that contain white space have no place in either format and are left out. `whitening`, if
/// given, is applied to every vector. Returns the number of words written. Throws Error(Mismatch) when there
/// are none, what lookup() throws, what AtomicFile throws, Error(Interrupted).
std::int64_t write_word2vec(WordVectors& vectors, Word2vecFormat format, const std::filesystem::path& path,
                            const Progress& progress = {}, const std::optional<Whitening>& whitening = {});

}  // namespace tvr

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "data/mapped_file.h"
#include "text/word_vectors.h"

namespace tvr {

/// Readers of the word vector formats, each on the mapped bytes of a file. `where` is the file name in
/// messages. Opening checks what can be checked at once; a lookup scans the whole file and checks its
/// structure.

/// Words in order of first appearance, each once. What is added must stay valid until take().
class DistinctWords {
 public:
  void add(std::string_view word) {
    if (seen_.insert(word).second) words_.emplace_back(word);
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(words_); }

 private:
  std::unordered_set<std::string_view> seen_;
  std::vector<std::string> words_;
};

/// The first line of both word2vec formats.
struct Word2vecHeader {
  std::int64_t words = 0;
  int dim = 0;
  std::size_t bytes = 0;  // length of the line, with its end and the byte order mark before it
};

/// Bytes of the mark that some editors put before UTF-8, and which is no part of the first word: 3 or 0.
[[nodiscard]] std::size_t byte_order_mark(std::string_view bytes) noexcept;

constexpr int kMaxVectorDim = 1 << 16;
/// A scan of a file releases the memory it has read after so many bytes.
constexpr std::size_t kWalkWindowBytes = std::size_t{64} << 20;

/// word2vec.c's binary format: the header, then word, blank, dim float32, and possibly a line end.
[[nodiscard]] std::unique_ptr<WordVectors> open_word2vec_binary(std::unique_ptr<const MappedFile> file,
                                                                std::string where,
                                                                const Word2vecHeader& header);

/// Lines of a word and its numbers, with word2vec's header (word2vec, fastText .vec) or without (GloVe).
[[nodiscard]] std::unique_ptr<WordVectors> open_text_vectors(std::unique_ptr<const MappedFile> file,
                                                             std::string where,
                                                             const std::optional<Word2vecHeader>& header);

/// fastText's .bin, versions 11 and 12, not quantised.
[[nodiscard]] std::unique_ptr<WordVectors> open_fasttext_binary(std::unique_ptr<const MappedFile> file,
                                                                std::string where);
constexpr std::uint32_t kFasttextMagic =
    793712314;  // FASTTEXT_FILEFORMAT_MAGIC_INT32 of fastText's fasttext.cc

/// Whether `text` starts with a line of a word and its numbers, like GloVe's.
[[nodiscard]] bool is_line_of_vectors(std::string_view line);

}  // namespace tvr

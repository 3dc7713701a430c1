#include "text/word2vec_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "data/atomic_file.h"
#include "data/error.h"

namespace tvr {
namespace {

constexpr std::size_t kWordsAtOnce = 10'000;  // in memory: 12 MB of 300 numbers each

bool has_a_place(std::string_view word) {
  return !word.empty() && word.find_first_of(" \t\r\n\v\f") == std::string_view::npos;
}

std::string line_of(std::string_view word, const float* values, std::int64_t dim, Word2vecFormat format) {
  std::string line(word);
  if (format == Word2vecFormat::Binary) {
    line += ' ';
    line.append(reinterpret_cast<const char*>(values), static_cast<std::size_t>(dim) * sizeof *values);
  } else {
    for (std::int64_t i = 0; i < dim; ++i) fmt::format_to(std::back_inserter(line), " {}", values[i]);
  }
  return line += '\n';
}

}  // namespace

std::int64_t write_word2vec(WordVectors& vectors, Word2vecFormat format, const std::filesystem::path& path,
                            const Progress& progress, const std::optional<Whitening>& whitening) {
  std::vector<std::string> words = vectors.words();
  words.erase(std::remove_if(words.begin(), words.end(), [](const auto& word) { return !has_a_place(word); }),
              words.end());
  if (words.empty()) {
    throw Error(Fault::Mismatch, "word vectors", "there is no word to write", "Give a file that has words");
  }
  vectors.prepare();
  AtomicFile file(path);
  file.write(fmt::format("{} {}\n", words.size(), vectors.dim()));
  for (std::size_t begin = 0; begin < words.size(); begin += kWordsAtOnce) {
    const std::size_t end = std::min(begin + kWordsAtOnce, words.size());
    const auto at = [&](std::size_t i) { return words.begin() + static_cast<std::ptrdiff_t>(i); };
    const WordTable table = vectors.lookup({at(begin), at(end)});
    std::vector<float> vector(static_cast<std::size_t>(vectors.dim()));
    for (std::size_t i = 0; i < table.words.size(); ++i) {
      const float* const row = table.vectors.row(static_cast<std::int64_t>(i));
      if (whitening) whitening->apply(row, vector.data());
      file.write(line_of(table.words[i], whitening ? vector.data() : row, vectors.dim(), format));
    }
    if (progress &&
        !progress({"words", static_cast<std::int64_t>(end), static_cast<std::int64_t>(words.size())})) {
      throw Error(Fault::Interrupted, path.string(), "the export was stopped", "Run it again");
    }
  }
  file.commit();
  return static_cast<std::int64_t>(words.size());
}

}  // namespace tvr

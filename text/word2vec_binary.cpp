#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "data/error.h"
#include "text/vector_files.h"
#include "text/word_offsets.h"
#include "text/word_table_builder.h"

namespace tvr {
namespace {

class Word2vecBinary : public WordVectors {
 public:
  Word2vecBinary(std::unique_ptr<const MappedFile> file, std::string where, const Word2vecHeader& header)
      : file_(std::move(file)), where_(std::move(where)), header_(header) {
    const std::size_t least = 2 + vector_bytes();  // a one-letter word, a blank, the numbers
    const std::size_t body = file_->bytes().size() - header_.bytes;
    if (static_cast<std::size_t>(header_.words) > body / least)
      throw Error(Fault::Corrupt, where_,
                  fmt::format("the file ends too early: {} words of {} numbers do not fit into {} bytes",
                              header_.words, header_.dim, body));
  }

  [[nodiscard]] int dim() const noexcept override { return header_.dim; }
  [[nodiscard]] std::int64_t size() const noexcept override { return header_.words; }

  [[nodiscard]] std::vector<std::string> words() const override {
    file_->require_unchanged();
    DistinctWords words;
    walk([&](std::string_view word, std::size_t) { words.add(word); });
    file_->require_unchanged();
    return words.take();
  }

  [[nodiscard]] WordTable lookup(const std::vector<std::string>& words) const override {
    file_->require_unchanged();
    WordTableBuilder table(words, dim());
    const auto take_if_wanted = [&](std::string_view word, std::size_t at) {
      if (table.wants(word))
        std::memcpy(table.add(word), file_->bytes().data() + at + word.size() + 1, vector_bytes());
    };
    if (offsets_.empty()) {
      walk(take_if_wanted);
    } else {
      for (const std::string& word : words) {
        const auto [first, last] = offsets_.candidates(word);
        for (const auto* entry = first; entry != last; ++entry) {
          const std::size_t at = entry->offset;
          take_if_wanted(word_at(at, 0), at);
        }
      }
    }
    file_->require_unchanged();
    return table.take(where_);
  }

  void prepare() override {
    if (!offsets_.empty()) return;
    WordOffsets offsets;
    walk([&](std::string_view word, std::size_t at) { offsets.add(word, at); });
    file_->require_unchanged();
    offsets.sort();
    offsets_ = std::move(offsets);
  }

 private:
  /// Calls use(word, its offset) for every word, and checks the file's structure.
  template <class Use>
  void walk(const Use& use) const {
    const std::string_view bytes = file_->bytes();
    std::size_t at = header_.bytes, released = 0;
    for (std::int64_t i = 0; i < header_.words; ++i) {
      const std::string_view word = word_at(at, i);
      const std::size_t numbers = at + word.size() + 1;
      if (bytes.size() - numbers < vector_bytes()) fail_early_end(i);
      use(word, at);
      at = numbers + vector_bytes();
      if (at < bytes.size() && bytes[at] == '\n') ++at;
      if (at - released > kWalkWindowBytes) file_->release_before(released = at);
    }
    if (at != bytes.size())
      throw Error(
          Fault::Corrupt, where_,
          fmt::format("{} bytes follow the {} words of the header", bytes.size() - at, header_.words));
  }

  std::size_t vector_bytes() const noexcept { return static_cast<std::size_t>(header_.dim) * sizeof(float); }

  std::string_view word_at(std::size_t at, std::int64_t index) const {
    const std::string_view rest = file_->bytes().substr(at, kMaxWordBytes + 1);
    const std::size_t length = rest.find(' ');
    if (length != std::string_view::npos) return rest.substr(0, length);
    if (rest.size() <= kMaxWordBytes) fail_early_end(index);
    throw Error(Fault::Corrupt, where_,
                fmt::format("word {} never ends: there is no blank in {} bytes", index + 1, kMaxWordBytes));
  }

  [[noreturn]] void fail_early_end(std::int64_t index) const {
    throw Error(Fault::Corrupt, where_,
                fmt::format("the file ends in word {} of {}; it is cut off, or not word2vec", index + 1,
                            header_.words));
  }

  std::unique_ptr<const MappedFile> file_;
  std::string where_;
  Word2vecHeader header_;
  WordOffsets offsets_;  // empty until prepare()
};

}  // namespace

std::unique_ptr<WordVectors> open_word2vec_binary(std::unique_ptr<const MappedFile> file, std::string where,
                                                  const Word2vecHeader& header) {
  return std::make_unique<Word2vecBinary>(std::move(file), std::move(where), header);
}

}  // namespace tvr

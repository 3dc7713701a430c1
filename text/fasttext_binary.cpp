#include <fmt/format.h>

#include <cstring>
#include <unordered_map>

#include "data/error.h"
#include "text/vector_files.h"
#include "text/word_table_builder.h"

namespace tvr {
namespace {

// The layout is that of fastText 0.9.2 (FastText::saveModel, Args::save, Dictionary::save,
// DenseMatrix::save), little-endian without padding: magic, version, 12 arguments, the dictionary, the input
// matrix, the output matrix. The library's own loader does not validate sizes, so the file is parsed here.

constexpr std::int32_t kOldestVersion = 11, kNewestVersion = 12;
constexpr std::int32_t kMaxNgram = 100;
constexpr std::size_t kEntryBytesAfterWord = 9;  // int64 count, int8 type

/// Reads consecutive values, never past the end.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  template <class T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof value, 1).data(), sizeof value);
    return value;
  }

  /// The next count * size bytes.
  std::string_view take(std::uint64_t count, std::uint64_t size) {
    if (count > (bytes_.size() - at_) / size) fail_early_end();
    const std::string_view taken = bytes_.substr(at_, count * size);
    at_ += taken.size();
    return taken;
  }

  /// The bytes up to the next NUL, which is skipped.
  std::string_view read_c_string() {
    const std::size_t end = bytes_.find('\0', at_);
    if (end == std::string_view::npos) fail_early_end();
    const std::string_view text = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return text;
  }

  std::size_t left() const { return bytes_.size() - at_; }

 private:
  [[noreturn]] void fail_early_end() const {
    throw Error(Fault::Corrupt, where_, fmt::format("the file ends too early, after {} bytes", bytes_.size()),
                "It is cut off or damaged: download it again");
  }

  std::string_view bytes_;
  const std::string& where_;
  std::size_t at_ = 0;
};

/// Ids of the subwords of `word` (Dictionary::computeSubwords): hashes (FNV-1a on signed bytes) of the
/// character n-grams of the word in angle brackets, without those that are a single bracket.
class Subwords {
 public:
  std::int32_t min_length = 0, max_length = 0, buckets = 0;

  template <class Take>
  void each(std::string_view plain_word, const Take& take) const {
    if (buckets == 0) return;
    const std::string word = "<" + std::string(plain_word) + ">";
    for (std::size_t start = 0; start < word.size(); ++start) {
      if (is_continuation(word[start])) continue;
      std::uint32_t hash = 2166136261u;
      std::size_t end = start;
      for (std::int32_t length = 1; end < word.size() && length <= max_length; ++length) {
        do hash = (hash ^ static_cast<std::uint32_t>(static_cast<std::int8_t>(word[end++]))) * 16777619u;
        while (end < word.size() && is_continuation(word[end]));
        const bool is_bracket = length == 1 && (start == 0 || end == word.size());
        if (length >= min_length && !is_bracket) take(hash % static_cast<std::uint32_t>(buckets));
      }
    }
  }

 private:
  static bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }
};

class FasttextBinary : public WordVectors {
 public:
  FasttextBinary(std::unique_ptr<const MappedFile> file, std::string where)
      : file_(std::move(file)), where_(std::move(where)) {
    ByteReader in(file_->bytes(), where_);
    read_arguments(in);
    read_dictionary(in);
    if (in.read<std::uint8_t>() != 0) fail_quantised();
    input_ = read_matrix(in, static_cast<std::int64_t>(words_) + subwords_.buckets);
    if (in.read<std::uint8_t>() != 0) fail_quantised();
    read_matrix(in, std::nullopt);
    if (in.left() != 0)
      throw Error(Fault::Corrupt, where_,
                  fmt::format("{} bytes follow the model that the header describes", in.left()));
  }

  [[nodiscard]] int dim() const noexcept override { return dim_; }
  [[nodiscard]] std::int64_t size() const noexcept override { return words_; }

  [[nodiscard]] std::vector<std::string> words() const override {
    file_->require_unchanged();
    DistinctWords words;
    each_word([&](std::string_view word, std::int32_t) {
      if (word.size() <= kMaxWordBytes) words.add(word);
    });
    file_->require_unchanged();
    return words.take();
  }

  [[nodiscard]] WordTable lookup(const std::vector<std::string>& words) const override {
    file_->require_unchanged();
    const std::unordered_map<std::string_view, std::int32_t> row_of = rows_of(words);
    WordTableBuilder table(words, dim_);
    for (const std::string& word : words) {
      const auto row = row_of.find(word);
      if (word.size() > kMaxWordBytes) continue;
      std::vector<std::int64_t> rows;
      if (row->second != kUnknown) rows.push_back(row->second);
      if (word != "</s>")
        subwords_.each(word, [&](std::uint32_t bucket) { rows.push_back(words_ + bucket); });
      if (!rows.empty() && table.wants(word)) mean_of_rows(rows, table.add(word));
    }
    file_->require_unchanged();
    WordTable found = table.take(where_);
    for (const std::string& word : found.words)
      if (row_of.at(word) == kUnknown) found.guessed.insert(word);
    return found;
  }

 private:
  static constexpr std::int32_t kUnknown = -1;

  void read_arguments(ByteReader& in) {
    in.read<std::uint32_t>();  // the magic number
    const auto version = in.read<std::int32_t>();
    if (version < kOldestVersion || version > kNewestVersion)
      throw Error(Fault::Unsupported, where_,
                  fmt::format("the header says version {} of fastText's format; {} and {} are known", version,
                              kOldestVersion, kNewestVersion));
    dim_ = in.read<std::int32_t>();
    for (int unused = 0; unused < 6; ++unused)
      in.read<std::int32_t>();  // ws epoch minCount neg wordNgrams loss
    const auto model = in.read<std::int32_t>();
    subwords_.buckets = in.read<std::int32_t>();
    subwords_.min_length = in.read<std::int32_t>();
    subwords_.max_length = in.read<std::int32_t>();
    in.read<std::int32_t>();  // lrUpdateRate
    in.read<double>();        // t
    constexpr std::int32_t kSupervised = 3;
    if (version == 11 && model == kSupervised) subwords_.max_length = 0;  // as in FastText::loadModel
    if (dim_ < 1 || dim_ > kMaxVectorDim || subwords_.buckets < 0 || subwords_.min_length < 0 ||
        subwords_.max_length < 0 || subwords_.max_length > kMaxNgram)
      fail_header(fmt::format("dim {}, {} buckets, n-grams of {} to {}", dim_, subwords_.buckets,
                              subwords_.min_length, subwords_.max_length));
  }

  void read_dictionary(ByteReader& in) {
    const auto entries = in.read<std::int32_t>();
    words_ = in.read<std::int32_t>();
    const auto labels = in.read<std::int32_t>();
    in.read<std::int64_t>();  // tokens
    const auto pruned = in.read<std::int64_t>();
    if (entries < 0 || words_ < 0 || labels < 0 || std::int64_t{words_} + labels != entries)
      fail_header(fmt::format("{} entries, {} words, {} labels", entries, words_, labels));
    if (pruned >= 0) fail_quantised();
    const std::size_t before = in.left();
    for (std::int32_t i = 0; i < entries; ++i) {
      in.read_c_string();
      in.take(1, kEntryBytesAfterWord);
      if (i + 1 == words_) dictionary_bytes_ = before - in.left();
    }
    dictionary_ = file_->bytes().substr(file_->bytes().size() - before, dictionary_bytes_);
  }

  /// Rows and columns as int64, then the numbers. `rows`: the required number of rows, if known.
  std::string_view read_matrix(ByteReader& in, const std::optional<std::int64_t>& rows) const {
    const auto m = in.read<std::int64_t>();
    const auto n = in.read<std::int64_t>();
    if (m < 0 || (rows && m != *rows) || n != dim_)
      fail_header(fmt::format("a matrix of {} x {}, where {} x {} belongs", m, n, rows.value_or(m), dim_));
    return in.take(static_cast<std::uint64_t>(m), static_cast<std::uint64_t>(n) * sizeof(float));
  }

  /// The rows of `words` in the input matrix; kUnknown for words that are not in the dictionary.
  std::unordered_map<std::string_view, std::int32_t> rows_of(const std::vector<std::string>& words) const {
    std::unordered_map<std::string_view, std::int32_t> rows;
    for (const std::string& word : words) rows.emplace(word, kUnknown);
    each_word([&](std::string_view word, std::int32_t row) {
      const auto found = rows.find(word);
      if (found != rows.end() && found->second == kUnknown) found->second = row;
    });
    return rows;
  }

  /// Calls use(word, its row in the input matrix) for every word of the dictionary.
  template <class Use>
  void each_word(const Use& use) const {
    ByteReader in(dictionary_, where_);
    for (std::int32_t i = 0; i < words_; ++i) {
      use(in.read_c_string(), i);
      in.take(1, kEntryBytesAfterWord);
    }
  }

  /// FastText::getWordVector, with the same order of additions.
  void mean_of_rows(const std::vector<std::int64_t>& rows, float* mean) const {
    std::vector<float> values(static_cast<std::size_t>(dim_));
    const std::size_t row_bytes = values.size() * sizeof(float);
    for (const std::int64_t row : rows) {
      std::memcpy(values.data(), input_.data() + static_cast<std::size_t>(row) * row_bytes, row_bytes);
      for (std::size_t i = 0; i < values.size(); ++i) mean[i] += values[i];
    }
    const auto scale = static_cast<float>(1.0 / static_cast<double>(rows.size()));
    for (std::size_t i = 0; i < values.size(); ++i) mean[i] *= scale;
  }

  [[noreturn]] void fail_header(const std::string& seen) const {
    throw Error(Fault::Corrupt, where_, "the header is invalid: " + seen,
                "The file is damaged: download it again");
  }
  [[noreturn]] void fail_quantised() const {
    throw Error(Fault::Unsupported, where_, "is a quantised fastText model (.ftz)",
                "Use the .bin it was made from");
  }

  std::unique_ptr<const MappedFile> file_;
  std::string where_;
  int dim_ = 0;
  std::int32_t words_ = 0;
  Subwords subwords_;
  std::string_view dictionary_;  // the entries of the words
  std::size_t dictionary_bytes_ = 0;
  std::string_view input_;  // [words + buckets, dim] float32, unaligned
};

}  // namespace

std::unique_ptr<WordVectors> open_fasttext_binary(std::unique_ptr<const MappedFile> file, std::string where) {
  return std::make_unique<FasttextBinary>(std::move(file), std::move(where));
}

}  // namespace tvr

#include "text/word_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "data/error.h"
#include "data/file_kind.h"
#include "text/vector_files.h"

namespace tvr {
namespace {

constexpr std::size_t kMaxFirstLineBytes = std::size_t{1} << 20;
constexpr std::size_t kTextWindowBytes = 4096;  // examined to distinguish text from binary

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool is_fasttext(std::string_view bytes) {
  std::uint32_t magic = 0;
  if (bytes.size() < sizeof magic) return false;
  std::memcpy(&magic, bytes.data(), sizeof magic);
  return magic == kFasttextMagic;
}

/// The first line with its end; empty if there is none of reasonable length.
std::string_view first_line(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kMaxFirstLineBytes).find('\n');
  if (end != std::string_view::npos) return bytes.substr(0, end + 1);
  return bytes.size() < kMaxFirstLineBytes ? bytes : std::string_view{};
}

/// "3000000 300
/// ": two integers and nothing else. Their values are not checked yet.
std::optional<Word2vecHeader> parse_header(std::string_view line) {
  Word2vecHeader header;
  std::int64_t dim = 0;
  const char* const end = line.data() + line.size();
  const auto words = std::from_chars(line.data(), end, header.words);
  if (words.ec != std::errc() || words.ptr == end || (*words.ptr != ' ' && *words.ptr != '\t'))
    return std::nullopt;
  const auto dims = std::from_chars(words.ptr + 1, end, dim);
  if (dims.ec != std::errc()) return std::nullopt;
  if (std::any_of(dims.ptr, end, [](char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; }))
    return std::nullopt;
  header.dim = static_cast<int>(std::clamp<std::int64_t>(dim, -1, kMaxVectorDim + 1));
  header.bytes = line.size();
  return header;
}

/// Whether the vectors in `body` are text: binary ones hold bytes that text does not.
bool is_text(std::string_view body) {
  const std::string_view line = first_line(body);
  const std::string_view numbers =
      line.substr(std::min(line.find_last_of(" \t", line.find_last_not_of(" \t\r\n")), line.size()));
  const auto is_layout = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  const auto is_printable = [&](char c) { return (c > 0x20 && c < 0x7f) || is_layout(c); };
  const auto is_control = [&](char c) { return static_cast<unsigned char>(c) < 0x20 && !is_layout(c); };
  const std::string_view window = body.substr(0, kTextWindowBytes);
  return !std::all_of(numbers.begin(), numbers.end(), is_layout) &&
         std::all_of(numbers.begin(), numbers.end(), is_printable) &&
         std::none_of(window.begin(), window.end(), is_control);
}

void validate(const Word2vecHeader& header, std::size_t file_bytes, const std::string& where) {
  const bool possible = header.words > 0 && static_cast<std::uint64_t>(header.words) <= file_bytes &&
                        header.dim > 0 && header.dim <= kMaxVectorDim;
  if (!possible)
    throw Error(Fault::Corrupt, where,
                fmt::format("the header says {} words of {} numbers, in a file of {} bytes", header.words,
                            header.dim > kMaxVectorDim ? fmt::format("more than {}", kMaxVectorDim)
                                                       : std::to_string(header.dim),
                            file_bytes));
}

}  // namespace

std::unique_ptr<WordVectors> open_word_vectors(const std::filesystem::path& path) {
  const std::string where = path.string();
  auto file = std::make_unique<const MappedFile>(path);
  const std::string_view bytes = file->bytes();
  if (bytes.empty()) throw Error(Fault::Corrupt, where, "is empty");
  if (is_fasttext(bytes)) return open_fasttext_binary(std::move(file), where);
  if (starts_with(bytes, "\x1f\x8b") || starts_with(bytes, "PK\x03\x04"))
    throw Error(Fault::Unsupported, where, "is compressed: it has no header of word vectors",
                "Unpack it with gunzip or unzip first; NumPy's .npz and PyTorch's .pth hold no words");

  const std::size_t begin = byte_order_mark(bytes);
  const std::string_view line = first_line(bytes.substr(begin));
  if (auto header = parse_header(line)) {
    header->bytes += begin;
    validate(*header, bytes.size(), where);
    if (is_text(bytes.substr(header->bytes))) return open_text_vectors(std::move(file), where, header);
    return open_word2vec_binary(std::move(file), where, *header);
  }
  if (is_text(line) && is_line_of_vectors(line))
    return open_text_vectors(std::move(file), where, std::nullopt);
  if (const auto foreign = foreign_file(bytes)) {
    throw Error(Fault::Unsupported, where,
                std::string("is ") + foreign->is + ": it has no header of word vectors", foreign->advice);
  }
  if (bytes.front() == '\x80') {
    throw Error(Fault::Unsupported, where, "is a Python pickle, as gensim's save() writes it",
                "Write it with model.wv.save_word2vec_format(FILE, binary=True) in Python");
  }
  throw Error(Fault::Unsupported, where,
              "has neither the header of a word2vec file ('3000000 300') nor that of fastText, and its first "
              "line is not "
              "a word with numbers",
              "Give vectors in word2vec's binary or text format, GloVe's, or fastText's .bin or .vec");
}

}  // namespace tvr

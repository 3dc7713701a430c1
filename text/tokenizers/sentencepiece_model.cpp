#include "text/tokenizers/sentencepiece_model.h"

#include <cmath>
#include <cstring>
#include <unordered_set>

#include "data/error.h"
#include "text/tokenizers/vocabulary.h"

namespace tvr {
namespace {

constexpr std::size_t kLongestPiece = 256;  // the library's trainer makes none of more than 16 characters

/// Reads the fields of a message in turn (protobuf.dev, "Encoding").
class Message {
 public:
  Message(std::string_view whole, const std::string& where) : rest_(whole), where_(where) {}

  /// Goes to the next field, whose number and value are then there; false: there is none.
  bool next() {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    field = tag >> 3U;
    number = 0;
    bytes = {};
    switch (tag & 7U) {
      case 0:
        number = varint();
        return true;
      case 1:
        bytes = take(8);
        return true;
      case 2:
        bytes = take(varint());
        return true;
      case 5:
        bytes = take(4);
        return true;
      default:
        bad_vocabulary(where_, "it is no model of SentencePiece: a field is of an unknown kind");
    }
  }

  std::uint64_t field = 0;
  std::uint64_t number = 0;  // of a field that is one
  std::string_view bytes;    // of any other

  [[nodiscard]] float as_float() const {
    float value = 0;
    if (bytes.size() != sizeof value)
      bad_vocabulary(where_, "it is no model of SentencePiece: a score is none");
    std::memcpy(&value, bytes.data(), sizeof value);
    if (!std::isfinite(value)) bad_vocabulary(where_, "a piece has a score that is not finite");
    return value;
  }

 private:
  std::uint64_t varint() {
    constexpr unsigned kMostBits = 64;
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < kMostBits; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    bad_vocabulary(where_, "it is no model of SentencePiece: a number has more than 64 bits");
  }

  std::string_view take(std::uint64_t count) {
    if (count > rest_.size())
      bad_vocabulary(where_, "it is no whole model of SentencePiece: it ends in a field");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string_view rest_;
  const std::string& where_;
};

SentencePiece read_piece(std::string_view bytes, const std::string& where) {
  SentencePiece piece;
  Message message(bytes, where);
  while (message.next()) {
    if (message.field == 1) piece.text = message.bytes;
    if (message.field == 2) piece.score = message.as_float();
    if (message.field == 3) {
      if (message.number < 1 || message.number > 6)
        bad_vocabulary(where, "the piece '" + piece.text + "' is of an unknown kind");
      piece.kind = static_cast<SentencePiece::Kind>(message.number);
    }
  }
  return piece;
}

void check_trainer(std::string_view bytes, const std::string& where) {
  constexpr std::uint64_t kModelType = 3, kBlankAsSuffix = 24, kByteFallback = 35, kUnigram = 1;
  Message message(bytes, where);
  while (message.next()) {
    const bool refused =
        (message.field == kModelType && message.number != kUnigram) ||
        ((message.field == kBlankAsSuffix || message.field == kByteFallback) && message.number != 0);
    if (refused) {
      throw Error(Fault::Unsupported, where,
                  "a model of SentencePiece that is not unigram, falls back to bytes or has blanks behind "
                  "words",
                  "SigLIP's spiece.model is supported; SigLIP 2's tokenizer is read from tokenizer.json");
    }
  }
}

void read_normalizer(std::string_view bytes, const std::string& where, SentencePieceModel& model) {
  Message message(bytes, where);
  while (message.next()) {
    if (message.field == 2) model.character_map = message.bytes;
    if (message.field == 3) model.add_dummy_prefix = message.number != 0;
    if (message.field == 4) model.remove_extra_whitespaces = message.number != 0;
    if (message.field == 5) model.escape_whitespaces = message.number != 0;
  }
}

}  // namespace

SentencePieceModel parse_sentencepiece_model(std::string_view bytes, const std::string& where) {
  SentencePieceModel model;
  Message message(bytes, where);
  while (message.next()) {
    if (message.field == 1) model.pieces.push_back(read_piece(message.bytes, where));
    if (message.field == 2) check_trainer(message.bytes, where);
    if (message.field == 3) read_normalizer(message.bytes, where, model);
  }
  if (model.pieces.empty()) bad_vocabulary(where, "it is no model of SentencePiece: it has no pieces");
  if (model.pieces.size() > static_cast<std::size_t>(kMostTokens))
    bad_vocabulary(where, "it has too many pieces");
  std::unordered_set<std::string_view> texts;
  for (const SentencePiece& piece : model.pieces) {
    if (piece.text.empty()) bad_vocabulary(where, "a piece is empty");
    if (piece.text.size() > kLongestPiece) bad_vocabulary(where, "a piece has more than 256 bytes");
    if (!texts.insert(piece.text).second) bad_vocabulary(where, "the piece '" + piece.text + "' comes twice");
  }
  return model;
}

}  // namespace tvr

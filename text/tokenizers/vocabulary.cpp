#include "text/tokenizers/vocabulary.h"

#include <algorithm>
#include <charconv>

#include "data/error.h"
#include "data/json_stream.h"

namespace tvr {

void bad_vocabulary(const std::string& where, const std::string& seen) {
  throw Error(Fault::Corrupt, where, seen, "The file is damaged or of another model: download it again");
}

Vocabulary read_vocabulary(JsonStream& json) {
  constexpr std::size_t kLongestToken = 1 << 16;
  Vocabulary vocabulary;
  std::string token;
  json.expect('{');
  if (json.take('}')) return vocabulary;
  do {
    json.read_string(token, kLongestToken);
    json.expect(':');
    const std::string_view digits = json.read_number();
    std::int32_t id = -1;
    const auto outcome = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (outcome.ec != std::errc{} || outcome.ptr != digits.data() + digits.size() || id < 0 ||
        id >= kMostTokens)
      bad_vocabulary(json.name(), "the token '" + token + "' has the id " + std::string(digits) +
                                      ", wanted a whole number from 0 to " + std::to_string(kMostTokens - 1));
    if (!vocabulary.emplace(token, id).second)
      bad_vocabulary(json.name(), "the token '" + token + "' has two ids");
  } while (json.take(','));
  json.expect('}');
  return vocabulary;
}

std::int32_t id_of(const Vocabulary& vocabulary, const std::string& token, const std::string& where) {
  const auto found = vocabulary.find(token);
  if (found == vocabulary.end()) bad_vocabulary(where, "the vocabulary has no token '" + token + "'");
  return found->second;
}

std::int32_t size_of(const Vocabulary& vocabulary) {
  std::int32_t size = 0;
  for (const auto& [token, id] : vocabulary) size = std::max(size, id + 1);
  return size;
}

std::pair<std::string, std::string> split_merge(std::string_view line, const std::string& where) {
  const std::size_t blank = line.find(' ');
  if (blank == 0 || blank == std::string_view::npos || blank + 1 == line.size() ||
      line.find(' ', blank + 1) != std::string_view::npos)
    bad_vocabulary(where,
                   "the merge '" + std::string(line) + "' is not two tokens with a blank between them");
  return {std::string(line.substr(0, blank)), std::string(line.substr(blank + 1))};
}

BpeMerge merge_of(const Vocabulary& vocabulary, const std::string& left, const std::string& right,
                  const std::string& where) {
  return {id_of(vocabulary, left, where), id_of(vocabulary, right, where),
          id_of(vocabulary, left + right, where)};
}

}  // namespace tvr

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// How SentencePiece normalizes characters: the longest beginning of a text that the map has is replaced by
/// what it has for it. The map is a double array (Yata, Oono et al. 2007, as darts-clone lays it out)
/// followed by strings that end with a zero byte.
class CharacterMap {
 public:
  /// Of a model's precompiled_charsmap; empty: nothing is replaced. Throws Error(Corrupt) when its parts do
  /// not fit in it. A place that it names beyond its end is treated as not there.
  CharacterMap(std::string_view bytes, const std::string& where);

  struct Replacement {
    std::string_view text;  // of the map, or of the text where it stays as it is
    std::size_t bytes = 0;  // that it stands for; at least 1
  };
  /// Of the first character or characters of `text`, which is not empty.
  [[nodiscard]] Replacement first(std::string_view text) const;

 private:
  std::vector<std::uint32_t> units_;
  std::string strings_;
};

}  // namespace tvr

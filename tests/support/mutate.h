#pragma once

#include <algorithm>
#include <random>
#include <string>

namespace tvr::testing {

/// `bytes` with one to four seeded damages: a bit flipped, a byte replaced, a piece removed, doubled or
/// filled with one byte, the end cut off. The same on every machine.
inline std::string mutate(std::string bytes, std::mt19937& random) {
  const auto below = [&random](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  for (std::size_t damages = 1 + below(4); damages > 0 && !bytes.empty(); --damages) {
    const std::size_t at = below(bytes.size());
    const std::size_t length = 1 + below(16);
    const auto byte = static_cast<char>(below(4) == 0 ? 0xff * below(2) : below(256));
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        bytes[at] = byte;
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 4:
        bytes.replace(at, length, std::string(std::min(length, bytes.size() - at), byte));
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

}  // namespace tvr::testing

#include "model/distributed/agreement.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace tvr {
namespace {

/// What every rank says, in order, as `width` bytes each.
std::string gather_texts(Collective& group, std::string mine, std::size_t width) {
  const auto size = static_cast<std::size_t>(group.size());
  mine.resize(width);
  std::string all(size * width, '\0');
  group.all_gather(mine.data(), all.data(),
                   std::vector<std::int64_t>(size, static_cast<std::int64_t>(width)));
  return all;
}

}  // namespace

bool any_of(Collective& group, bool mine) {
  const std::string all = gather_texts(group, mine ? "y" : "n", 1);
  return all.find('y') != std::string::npos;
}

bool first_says(Collective& group, bool mine) {
  char flag = mine ? 1 : 0;
  group.broadcast(&flag, 1);
  return flag != 0;
}

void refuse(Collective& group, const Error& error) {
  if (group.rank() > 0) (void)first_says(group, true);  // which it does not say
  throw error;
}

void require_equal(Collective& group, const std::string& what, const std::string& mine,
                   const std::string& advice) {
  constexpr std::size_t kWidth = 64;
  const std::string all = gather_texts(group, mine, kWidth);
  std::map<std::string, std::string> ranks_with;
  for (int rank = 0; rank < group.size(); ++rank) {
    const char* const text = all.data() + static_cast<std::size_t>(rank) * kWidth;
    std::string& ranks = ranks_with[{text, std::find(text, text + kWidth, '\0')}];
    ranks += (ranks.empty() ? "" : ", ") + std::to_string(rank);
  }
  if (ranks_with.size() == 1) return;
  std::string seen;
  for (const auto& [text, ranks] : ranks_with)
    seen += (seen.empty() ? "" : "; ") + text + " on rank " + ranks;
  refuse(group, Error(Fault::Mismatch, what, "the processes differ: " + seen, advice));
}

}  // namespace tvr

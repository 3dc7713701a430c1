#include "text/tokenizers/subword_tokenizer.h"

#include "data/error.h"
#include "text/tokenizers/code_points.h"

namespace tvr {

std::string checked_text(std::string_view text) {
  if (text.size() > kMostEncodedBytes) {
    throw Error(Fault::Limit, "tokens",
                "a text of " + std::to_string(text.size()) + " bytes; it may have at most 1 MiB");
  }
  return well_formed(text);
}

std::string within_limit(std::string text) {
  constexpr std::size_t kMostBytes = 16 * kMostEncodedBytes;
  if (text.size() > kMostBytes)
    throw Error(Fault::Limit, "tokens", "a text that is normalized to more than 16 MiB");
  return text;
}

std::vector<std::int32_t> fit(std::vector<std::int32_t> ids, std::size_t context, const SpecialIds& special) {
  if (context == 0)
    throw Error(Fault::InvalidArgument, "tokens", "a context of no tokens, wanted at least 1");
  const bool is_cut = ids.size() > context;
  ids.resize(context, special.pad);
  if (is_cut && special.end) ids.back() = *special.end;
  return ids;
}

}  // namespace tvr

#include "pipeline/run/digester.h"

#include <fmt/format.h>

#include <string_view>

#include "data/fingerprint.h"

namespace tvr {

Digester& Digester::add(const std::string& text) {
  chain_ = sha256(chain_ + sha256(text));
  return *this;
}

Digester& Digester::add(const Matrix& matrix) {
  add(fmt::format("{}x{}", matrix.rows(), matrix.cols()));
  chain_ = sha256(chain_ + sha256(std::string_view(
                               reinterpret_cast<const char*>(matrix.data()),
                               static_cast<std::size_t>(matrix.rows() * matrix.cols()) * sizeof(float))));
  return *this;
}

Digester& Digester::add(const PairData& pairs) {
  add(pairs.clips);
  std::string ids;
  for (std::size_t i = 0; i < pairs.captions.size(); ++i) {
    ids += fmt::format("{}:{};", pairs.clip_of[i], fmt::join(pairs.captions[i], ","));
  }
  return add(ids + fmt::format("{}", fmt::join(pairs.video_of, ",")));
}

}  // namespace tvr

#include "data/store/feature.h"

#include <algorithm>
#include <cmath>

#include "data/error.h"
#include "data/tensors/tensor.h"

namespace tvr {
namespace {

constexpr std::size_t kHalvesInMemory = 1 << 19;  // 1 MiB
constexpr std::int64_t kPieceBytes = 1 << 18;

/// Calls visit(row) for every row that overlaps `span`, or for all rows without a span; returns their number.
template <class Visit>
std::int64_t for_rows(const FeatureSequence& features, const std::optional<TimeSpan>& span,
                      const Visit& visit) {
  std::int64_t rows = 0;
  for (std::int64_t i = 0; i < features.values.rows(); ++i) {
    if (span && !features.times[static_cast<std::size_t>(i)].overlaps(*span)) continue;
    visit(features.values.row(i));
    ++rows;
  }
  if (rows > 0) return rows;
  if (span) throw Error(Fault::NotFound, "pooling", "no row overlaps the span: it lies beyond the video");
  throw Error(Fault::InvalidArgument, "pooling", "there are no rows to pool");
}

ClipFeature maximum(const FeatureSequence& features, const std::optional<TimeSpan>& span) {
  ClipFeature highest;
  for_rows(features, span, [&](const float* row) {
    if (highest.empty()) highest.assign(row, row + features.values.cols());
    for (std::size_t i = 0; i < highest.size(); ++i) highest[i] = std::max(highest[i], row[i]);
  });
  return highest;
}

ClipFeature mean(const FeatureSequence& features, const std::optional<TimeSpan>& span) {
  std::vector<double> sum(static_cast<std::size_t>(features.values.cols()));
  const std::int64_t rows = for_rows(features, span, [&](const float* row) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(row[i]);
  });
  ClipFeature mean(sum.size());
  std::transform(sum.begin(), sum.end(), mean.begin(),
                 [rows](double value) { return static_cast<float>(value / static_cast<double>(rows)); });
  return mean;
}

}  // namespace

void require_columns(const FeatureSequence& features, std::int64_t dim, const std::string& video) {
  if (features.values.cols() == dim) return;
  throw Error(Fault::Corrupt, video,
              "its rows have " + std::to_string(features.values.cols()) +
                  " columns, others of their recipe have " + std::to_string(dim),
              "Extract the video again");
}

void HalfSequence::set(std::size_t row, const float* values, const TimeSpan& span) {
  const auto columns = static_cast<std::size_t>(dim);
  if (times.size() <= row) times.resize(row + 1);
  times[row] = span;
  if (!spilled && !spill_folder.empty() && times.size() * columns > kHalvesInMemory) spill();
  if (spilled) {
    std::vector<std::uint16_t> line(columns);
    std::transform(values, values + dim, line.begin(), to_half);
    spilled->write(static_cast<std::int64_t>(row * columns * 2), line.data(), columns * 2);
    return;
  }
  halves.resize(times.size() * columns);
  std::transform(values, values + dim, halves.begin() + static_cast<std::ptrdiff_t>(row * columns), to_half);
}

void HalfSequence::spill() {
  spilled = std::make_shared<SpillFile>(spill_folder);
  spilled->write(0, halves.data(), halves.size() * 2);
  halves = {};
}

void HalfSequence::for_each_piece(const std::function<void(std::string_view)>& use) const {
  if (!spilled) return use({reinterpret_cast<const char*>(halves.data()), halves.size() * 2});
  std::vector<char> piece(kPieceBytes);
  const std::int64_t end = rows() * dim * 2;
  for (std::int64_t at = 0; at < end; at += kPieceBytes) {
    const auto bytes = static_cast<std::size_t>(std::min(end - at, kPieceBytes));
    spilled->read(at, piece.data(), bytes);
    use({piece.data(), bytes});
  }
}

ClipFeature max_pool(const FeatureSequence& features) { return maximum(features, std::nullopt); }
ClipFeature max_pool(const FeatureSequence& features, const TimeSpan& span) {
  return maximum(features, span);
}

void l2_normalize(float* values, std::size_t count) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]) * values[i];
  const auto scale = static_cast<float>(1 / std::max(std::sqrt(sum), 1e-12));
  for (std::size_t i = 0; i < count; ++i) values[i] *= scale;
}

const char* name(Pooling pooling) noexcept { return pooling == Pooling::MaxMean ? "max+mean" : "max"; }

Pooling pooling_named(const std::string& name) {
  if (name == "max") return Pooling::Max;
  if (name == "max+mean") return Pooling::MaxMean;
  throw Error(Fault::InvalidArgument, "pooling", "'" + name + "' is not known", "Use max or max+mean");
}

ClipFeature pool_lanes(const std::vector<FeatureSequence>& lanes, const std::optional<TimeSpan>& span,
                       Pooling pooling) {
  ClipFeature clip;
  const auto append = [&](ClipFeature part) {
    l2_normalize(part.data(), part.size());
    clip.insert(clip.end(), part.begin(), part.end());
  };
  for (const FeatureSequence& lane : lanes) {
    append(maximum(lane, span));
    if (pooling == Pooling::MaxMean) append(mean(lane, span));
  }
  return clip;
}

}  // namespace tvr

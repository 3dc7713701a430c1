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

void require_sound(const FeatureSequence& features, std::int64_t dim, const std::string& video) {
  require_columns(features, dim, video);
  const std::string advice = "Extract the video again";
  Micros begin(0);
  for (const TimeSpan& row : features.times) {
    if (row.start < begin || row.end < row.start || row.end > kLongestVideo)
      throw Error(Fault::Corrupt, video, "its rows have impossible times", advice);
    begin = row.start;
  }
  const float* const values = features.values.data();
  if (!std::all_of(values, values + features.values.rows() * dim, [](float v) { return std::isfinite(v); }))
    throw Error(Fault::Corrupt, video, "its rows have values that are not finite", advice);
}

void HalfSequence::set(std::size_t row, const float* values, const TimeSpan& span) {
  const auto columns = static_cast<std::size_t>(dim);
  if (times.size() <= row) times.resize(row + 1);
  if (times.size() * columns > kHalvesInMemory) move_to_disk();
  times[row] = span;
  if (on_disk) {
    std::vector<std::uint16_t> line(columns);
    std::transform(values, values + dim, line.begin(), to_half);
    on_disk->write(static_cast<std::int64_t>(row), span, line.data());
    return;
  }
  halves.resize(times.size() * columns);
  std::transform(values, values + dim, halves.begin() + static_cast<std::ptrdiff_t>(row * columns), to_half);
}

void HalfSequence::move_to_disk() {
  if (on_disk || place.file.empty()) return;
  on_disk = std::make_shared<RowFile>(place, dim);
  const auto columns = static_cast<std::size_t>(dim);
  for (std::size_t row = 0; (row + 1) * columns <= halves.size(); ++row) {
    const bool has_come = times[row].start < times[row].end;
    if (has_come) on_disk->write(static_cast<std::int64_t>(row), times[row], halves.data() + row * columns);
  }
  halves = {};
}

void HalfSequence::resume() {
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(place.file, ignored))) return;
  on_disk = std::make_shared<RowFile>(place, dim);
  std::vector<std::uint16_t> line(static_cast<std::size_t>(dim));
  for (TimeSpan span; on_disk->read(rows(), span, line.data());) times.push_back(span);
}

void HalfSequence::discard() {
  if (on_disk) on_disk->discard();
}

void HalfSequence::for_each_piece(const std::function<void(std::string_view)>& use) const {
  if (!on_disk) return use({reinterpret_cast<const char*>(halves.data()), halves.size() * 2});
  const auto columns = static_cast<std::size_t>(dim);
  const std::int64_t per_piece = std::max<std::int64_t>(1, kPieceBytes / (2 * dim));
  std::vector<std::uint16_t> piece;
  for (std::int64_t begin = 0; begin < rows(); begin += per_piece) {
    const auto count = static_cast<std::size_t>(std::min(per_piece, rows() - begin));
    piece.assign(count * columns, 0);
    for (std::size_t i = 0; i < count; ++i) {
      TimeSpan span;
      if (!on_disk->read(begin + static_cast<std::int64_t>(i), span, piece.data() + i * columns))
        throw Error(Fault::Machine, place.file.string(), "rows that were written cannot be read again",
                    "See to its disk, then run the same command again");
    }
    use({reinterpret_cast<const char*>(piece.data()), piece.size() * 2});
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

ClipFeature pool_lanes(const std::vector<FeatureSequence>& lanes, const std::optional<TimeSpan>& span,
                       Pooling pooling) {
  ClipFeature clip;
  const auto append = [&](ClipFeature part) {
    l2_normalize(part.data(), part.size());
    clip.insert(clip.end(), part.begin(), part.end());
  };
  for (const FeatureSequence& lane : lanes) {
    if (pooling != Pooling::Mean) append(maximum(lane, span));
    if (pooling != Pooling::Max) append(mean(lane, span));
  }
  return clip;
}

}  // namespace tvr

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/progress.h"
#include "data/store/feature.h"
#include "data/store/feature_store.h"
#include "model/window_index.h"
#include "pipeline/encoders/encoder_pair.h"

namespace tvr {

/// How videos are divided into windows for search. A video of up to `long_s` is one window, as in evaluation;
/// a longer one is divided into windows of `window_s` that overlap by half, the last one aligned with its
/// end.
struct WindowOptions {
  double window_s = 10;  // >= 1
  double long_s = 30;    // >= window_s
};
void validate(const WindowOptions& options);
[[nodiscard]] std::vector<TimeSpan> windows_of(Micros length, const WindowOptions& options);

/// A searchable video.
struct IndexedVideo {
  VideoSource source;
  Digest features;                // digest of its rows in all lanes: equal digests mean equal embeddings
  Micros length{0};               // according to its feature rows
  std::vector<TimeSpan> windows;  // at least one
};

/// All videos of a store that have features in every lane, embedded window by window. Immutable: a changed
/// store gives a new index.
class SearchIndex {
 public:
  /// What the embeddings depend on besides the features.
  struct Basis {
    Digest encoders;  // EncoderPair::identity()
    WindowOptions windows;
    IndexValues values = IndexValues::Floats;
  };
  /// Reuses from `known`, an index with the same basis, the windows of all videos whose features are
  /// unchanged, and embeds the others. A video is left out and named in `damaged` if its rows are damaged,
  /// have times or values that no video has, or are too few for its windows. Throws Error(Interrupted), and
  /// what EncoderPair::lanes_in() throws.
  SearchIndex(const FeatureStore& store, const EncoderPair& encoders, const WindowOptions& windows,
              const SearchIndex* known, const Progress& progress);

  [[nodiscard]] const std::vector<IndexedVideo>& videos() const noexcept { return videos_; }
  [[nodiscard]] const WindowIndex& windows() const noexcept { return windows_; }
  [[nodiscard]] const std::vector<std::string>& damaged() const noexcept { return damaged_; }
  /// How many videos were embedded, that is, not reused from `known`.
  [[nodiscard]] std::int64_t newly_embedded() const noexcept { return newly_embedded_; }

  /// Saves the index to a file (docs/SEARCH.md): a temporary file, renamed when complete. Throws
  /// Error(Unreadable).
  void save(const std::filesystem::path& path, const Basis& basis) const;
  /// nullopt when the file does not exist, has another basis, is damaged, or its embeddings do not have `dim`
  /// values (EncoderPair::dim()): it may come from a stranger, and can be made again.
  [[nodiscard]] static std::optional<SearchIndex> load(const std::filesystem::path& path, const Basis& basis,
                                                       std::int64_t dim);
  /// The same from the bytes of the file. `has_read` is told up to where it will not read any more.
  [[nodiscard]] static std::optional<SearchIndex> read(
      std::string_view file, const Basis& basis, std::int64_t dim,
      const std::function<void(std::size_t bytes)>& has_read = {});

 private:
  SearchIndex(std::int64_t dim, IndexValues values) : windows_(dim, values) {}
  void reuse(const SearchIndex& known, std::vector<IndexedVideo> videos, std::vector<IndexedVideo>& unknown);
  void add(std::vector<IndexedVideo> videos, const Matrix& embeddings);

  std::vector<IndexedVideo> videos_;
  WindowIndex windows_;
  std::vector<std::string> damaged_;
  std::int64_t newly_embedded_ = 0;
};

}  // namespace tvr

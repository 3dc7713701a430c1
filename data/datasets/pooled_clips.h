#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/datasets/caption.h"
#include "data/datasets/dataset.h"
#include "data/mapped_file.h"
#include "data/tensors/pickle.h"
#include "data/tensors/tensor.h"

namespace tvr {

/// The file of howto100m's YouCook2 (youcook_train.pkl, youcook_val.pkl): a pickle of a list with a dict per
/// clip: `id`, `caption`, and a vector [D] per lane (`2d`, `3d`), pooled over the clip. Open; the file stays
/// mapped.
class PooledClips {
 public:
  /// Checks all clips. Throws Error(Corrupt) naming the record ("record 12 has no 'id'"), Error(Mismatch) for
  /// an id that is there twice, and what Pickle throws.
  explicit PooledClips(const std::filesystem::path& path);

  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(ids_.size()); }
  /// The clip's id as a video id, see Note [names and ids].
  [[nodiscard]] const std::string& id(std::int64_t clip) const {
    return ids_[static_cast<std::size_t>(clip)];
  }
  /// Empty where the caption is missing (None, NaN).
  [[nodiscard]] std::string_view caption(std::int64_t clip) const;
  /// The names of the clips' vectors, sorted; every clip has all of them.
  [[nodiscard]] const std::vector<std::string>& lanes() const noexcept { return lanes_; }
  /// A copy of the vector, [D], of the type in the file.
  [[nodiscard]] Tensor vector(std::int64_t clip, const std::string& lane) const;
  /// Throws Error(Unreadable) if the file has changed since it was opened.
  void require_unchanged() const { file_.require_unchanged(); }

 private:
  [[nodiscard]] const Pickle::Value& record(std::int64_t clip) const;

  std::string name_;
  MappedFile file_;
  std::unique_ptr<const Pickle> pickle_;
  std::vector<std::string> ids_, lanes_;
};

/// Whether a file looks like a pickle of a list of clips with captions. False unless it is a regular file.
[[nodiscard]] bool is_pooled_clips(const std::filesystem::path& path);

/// The captions of the files of `spec`: see split_files(). Their features are those of a store with the
/// clips' ids (import_pkl()). Throws as PooledClips does.
[[nodiscard]] DataSet read_pooled_clips(const DatasetSpec& spec);

}  // namespace tvr

#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tvr {

/// Throws Error(InvalidArgument) naming `where` unless `lane` is 1 to 32 letters, digits, '_' and '-', the
/// first of them no '-': it serves as a folder's name.
void validate_lane(const std::string& lane, const std::string& where);

/// A file that holds the features of a video in a lane.
struct FeatureFile {
  std::string lane, video;
  std::filesystem::path path;
};

/// How the `.npy` files of a folder are called: by a pattern, or by the lists that video_feature_extractor
/// reads.
class FeatureFileNames {
 public:
  /// `pattern`: a relative path with {video} in it, which may hold folders, and {lane}, which may not:
  /// "{lane}/{video}.npy". Where {lane} is not in it, all files are of `lane`.
  /// Throws Error(InvalidArgument) for another pattern.
  [[nodiscard]] static FeatureFileNames by_pattern(const std::string& pattern, const std::string& lane = {});
  /// The column `feature_path` of `csv`, one lane; ".npy" is added where it is missing, as numpy.save does.
  /// Throws as read_feature_list() does, and Error(InvalidArgument) for an empty lane.
  [[nodiscard]] static FeatureFileNames by_list(const std::filesystem::path& csv, const std::string& lane);

  /// Where the features of a video lie in `folder`; nullopt: it is not listed. Throws Error(InvalidArgument)
  /// for ids, lanes and listed paths that would lead out of the folder.
  [[nodiscard]] std::optional<std::filesystem::path> path_of(const std::filesystem::path& folder,
                                                             const std::string& lane,
                                                             const std::string& video) const;
  /// The files in `folder` that are called so, in order of lane and video; with a list, all that it names.
  /// Throws Error(NotFound) when there is none.
  [[nodiscard]] std::vector<FeatureFile> find_in(const std::filesystem::path& folder) const;

  /// Whether `lane` is among those that have names here.
  [[nodiscard]] bool has_lane(const std::string& lane) const { return lane_.empty() || lane == lane_; }

 private:
  [[nodiscard]] std::optional<FeatureFile> parsed(const std::string& relative) const;

  std::string pattern_;
  std::string lane_;                         // empty: the pattern tells it
  std::map<std::string, std::string> list_;  // video to feature_path; used without pattern
};

}  // namespace tvr

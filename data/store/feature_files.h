#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tvr {

/// Throws Error(InvalidArgument) naming `where` unless `lane` is 1 to 32 letters, digits, '_' and '-', not
/// starting with '-': it is used as a folder name.
void validate_lane(const std::string& lane, const std::string& where);

/// The feature file of a video in a lane.
struct FeatureFile {
  std::string lane, video;
  std::filesystem::path path;
};

/// How the `.npy` files in a folder are named: by a pattern, or by a list in the format of
/// video_feature_extractor.
class FeatureFileNames {
 public:
  /// `pattern`: a relative path with {video}, which may span folders, and optionally {lane}, which may not:
  /// "{lane}/{video}.npy". Without {lane}, all files belong to `lane`. Throws Error(InvalidArgument) for an
  /// invalid pattern.
  [[nodiscard]] static FeatureFileNames by_pattern(const std::string& pattern, const std::string& lane = {});
  /// The column `feature_path` of `csv`, one lane; ".npy" is appended if missing, as numpy.save does. Throws
  /// what read_feature_list() throws, and Error(InvalidArgument) for an empty lane.
  [[nodiscard]] static FeatureFileNames by_list(const std::filesystem::path& csv, const std::string& lane);

  /// The path of a video's features in `folder`; nullopt if it is not listed. Throws Error(InvalidArgument)
  /// for ids, lanes and listed paths that would lead out of the folder.
  [[nodiscard]] std::optional<std::filesystem::path> path_of(const std::filesystem::path& folder,
                                                             const std::string& lane,
                                                             const std::string& video) const;
  /// The files in `folder` with matching names, in order of lane and video; with a list, all that it names.
  /// Throws Error(NotFound) if there are none.
  [[nodiscard]] std::vector<FeatureFile> find_in(const std::filesystem::path& folder) const;

  /// Whether files of `lane` have names here.
  [[nodiscard]] bool has_lane(const std::string& lane) const { return lane_.empty() || lane == lane_; }

 private:
  [[nodiscard]] std::optional<FeatureFile> parsed(const std::string& relative) const;

  std::string pattern_;
  std::string lane_;                         // empty: given by the pattern
  std::map<std::string, std::string> list_;  // video to feature_path; used if there is no pattern
};

}  // namespace tvr

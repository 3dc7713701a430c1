#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/datasets/dataset.h"
#include "data/datasets/video.h"
#include "data/library_version.h"
#include "extract/lane_spec.h"
#include "pipeline/doctor/doctor.h"
#include "pipeline/machine/blas.h"
#include "pipeline/machine/cuda_driver.h"
#include "pipeline/machine/machine.h"

namespace tvr {

// The checks of `pipeline doctor`. Those that take what was found are pure.

/// A library of another major version than the program was compiled with is a warning.
[[nodiscard]] Checks check_libraries(const std::vector<LibraryVersion>& libraries);

/// `decoder_of`: the decoder for a codec's short name, empty where there is none. Without H.264 nothing can
/// be done; other codecs are warnings.
[[nodiscard]] Checks check_codecs(const std::function<std::string(const std::string&)>& decoder_of,
                                  const std::function<bool(const std::string&)>& has_encoder);

/// `threads`: those that the program would start.
[[nodiscard]] Checks check_machine(const Machine& machine, unsigned threads);
[[nodiscard]] Check check_blas(const Blas& blas, const Machine& machine);
/// missing: what missing_for_gpu() says of this build and machine.
[[nodiscard]] Checks check_cuda(const CudaDriver& cuda, const std::string& missing);

/// May a store lie there? Its folder (or, while it does not exist, the next above that does) must be
/// writable, its file system must know locks and not be a network's.
[[nodiscard]] Checks check_store_place(const std::filesystem::path& store);
/// By statfs(2)'s f_type: a file system on which SQLite's write-ahead log does not work, or none.
[[nodiscard]] std::optional<std::string> network_file_system(std::int64_t type);

/// What an extraction will write: durations are asked of at most 50 of the videos.
struct StoreEstimate {
  std::size_t videos = 0, asked = 0;
  double hours = 0;
  double bytes = 0;
};
/// `lanes`: those that will be extracted.
[[nodiscard]] StoreEstimate estimate_store(
    const std::vector<VideoSource>& videos,
    const std::function<double(const std::filesystem::path&)>& duration_s,
    const std::vector<BuiltinLane>& lanes = builtin_lanes());
[[nodiscard]] Check check_room(const StoreEstimate& estimate, double free_bytes);

/// Weights whose name carries the first digits of their sha256, as torchvision's do, must have that content.
/// With `model` also: they fit that network.
[[nodiscard]] Check check_weights(const std::string& lane, const std::filesystem::path& file,
                                  const std::string& model);
[[nodiscard]] Check check_word_vectors(const std::filesystem::path& file);

/// The published weights of a lane, looked for in `folders`; where to get them when they are not there.
[[nodiscard]] Check check_published_weights(const std::vector<std::filesystem::path>& folders,
                                            const BuiltinLane& lane);
/// The same for other well-known files. Of `formats` those that can be got.
[[nodiscard]] Checks check_known_files(const std::vector<std::filesystem::path>& folders, bool word_vectors,
                                       bool annotations,
                                       const std::vector<DatasetFormat>& formats = dataset_formats());

}  // namespace tvr

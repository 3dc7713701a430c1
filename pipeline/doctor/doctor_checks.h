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

// The checks of `pipeline doctor`. Those that take measurements are pure functions.

/// A library of another major version than the program was compiled with is a warning.
[[nodiscard]] Checks check_libraries(const std::vector<LibraryVersion>& libraries);

/// `library`: mpi_library().
[[nodiscard]] Check check_mpi(const std::string& library);

/// `decoder_of`: the decoder for a codec's short name, empty if there is none. H.264 is required; other
/// codecs that are missing are warnings.
[[nodiscard]] Checks check_codecs(const std::function<std::string(const std::string&)>& decoder_of,
                                  const std::function<bool(const std::string&)>& has_encoder);

/// `threads`: the number that the program would start.
[[nodiscard]] Checks check_machine(const Machine& machine, unsigned threads);
[[nodiscard]] Check check_blas(const Blas& blas, const Machine& machine);
/// missing: what missing_for_gpu() says of this build and machine.
[[nodiscard]] Checks check_cuda(const CudaDriver& cuda, const std::string& missing);
/// Nothing, unless the value of `flag` asks for a GPU ("cuda", "cuda:0,1"). `missing` as above.
[[nodiscard]] Checks check_wish_for_gpu(const std::string& flag, const std::string& value,
                                        const std::string& missing);

/// Whether a store can lie there: its folder (or the nearest parent that exists) must be writable, and its
/// file system must support locks and be local.
[[nodiscard]] Checks check_store_place(const std::filesystem::path& store);
/// The network file system of statfs(2)'s f_type, on which SQLite's write-ahead log does not work, or none.
[[nodiscard]] std::optional<std::string> network_file_system(std::int64_t type);

/// What is there already: the store, or all that match the pattern, opened as the other commands do.
/// Nothing if there are none.
[[nodiscard]] Checks check_existing_stores(const std::filesystem::path& store);

/// An estimate of what an extraction will write, from the durations of at most 50 of the videos.
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

/// Whether a video of this length, sampled at `fps`, has at most `most` frames.
[[nodiscard]] Check check_frames_limit(const std::filesystem::path& video, double seconds, double fps,
                                       std::int64_t most);

/// Weights whose name contains the first digits of their sha256, as torchvision's do, must have that content.
/// If `model` is not empty, they must also fit that network.
[[nodiscard]] Check check_weights(const std::string& lane, const std::filesystem::path& file,
                                  const std::string& model);
[[nodiscard]] Check check_word_vectors(const std::filesystem::path& file);

/// Looks for the published weights of a lane in `folders`; says where to get them if they are not there.
[[nodiscard]] Check check_published_weights(const std::vector<std::filesystem::path>& folders,
                                            const BuiltinLane& lane);
/// The same for other well-known files; of `formats`, those that can be downloaded.
[[nodiscard]] Checks check_known_files(const std::vector<std::filesystem::path>& folders, bool word_vectors,
                                       bool annotations,
                                       const std::vector<DatasetFormat>& formats = dataset_formats());

}  // namespace tvr

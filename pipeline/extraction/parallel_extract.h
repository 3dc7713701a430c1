#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/datasets/video.h"
#include "data/progress.h"
#include "data/store/feature_store.h"
#include "extract/decoding/clip_source.h"
#include "extract/networks/backbone.h"

namespace tvr {

/// A lane's name and the row of its recipe in the store.
struct ExtractionLane {
  std::string name;
  std::int64_t recipe = 0;
};

/// The CPU or a GPU: the decoder of its videos and the network of each lane. Owns nothing.
struct ExtractionDevice {
  ClipSource* clips = nullptr;
  std::vector<const Backbone*> networks;  // in the order of the lanes
};

/// A video and the indices of the lanes in which it is not up to date; never empty.
struct ExtractionTask {
  VideoSource source;
  SourceFingerprint fingerprint;
  std::vector<std::size_t> lanes;
};

/// Affects speed only.
struct ParallelOptions {
  int jobs = 1;                        // threads; each decodes a video or runs a network
  int clip_batch = 1;                  // clips of equal size, from any videos, per forward pass
  std::filesystem::path spill_folder;  // for the rows of long videos in progress; empty: in memory
};

/// Where the time went.
struct ExtractionTimes {
  double decode_s = 0;  // this and the next two: summed over the threads
  double network_s = 0;
  double write_s = 0;
  double wall_s = 0;
};

/// Processes `tasks` with TBB: each thread decodes a video of its own and runs any batch that is full,
/// whichever videos its clips come from; a thread without a video runs the batches of the others, so that the
/// last videos keep all threads busy. With n devices, each gets every n-th video, whose clips stay there;
/// every thread serves all devices. Finished videos are passed to `done` (called from one thread at a time,
/// in the order they finish). A video that fails is an outcome, not an exception; a network that fails ends
/// the run. At most `jobs` videos, and the clips that wait for their batch, are in flight. `progress` is
/// called from any thread with the number of clips that have passed their network; when it says stop, work
/// stops at the next clip with Error(Interrupted). All videos finished by then have been passed to `done`.
ExtractionTimes extract_parallel(const std::vector<ExtractionDevice>& devices,
                                 const std::vector<ExtractionTask>& tasks,
                                 const std::vector<ExtractionLane>& lanes, const ParallelOptions& options,
                                 const std::function<void(const VideoOutcome&)>& done,
                                 const Progress& progress);

}  // namespace tvr

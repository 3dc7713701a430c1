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

/// A lane's name, and its recipe: the row in the store and the identity.
struct ExtractionLane {
  std::string name;
  std::int64_t recipe = 0;
  Digest identity{};
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
  int jobs = 1;                  // threads; each decodes a video or runs a network
  int clip_batch = 1;            // clips of equal size, from any videos, per forward pass
  std::filesystem::path store;   // the rows of videos in progress wait beside it; empty: in memory
  double keep_rows_after_s = 5;  // a video that takes longer survives a kill of the program
};

/// Where the time went.
struct ExtractionTimes {
  double decode_s = 0;  // this and the next two: summed over the threads
  double network_s = 0;
  double write_s = 0;
  double wall_s = 0;
  std::int64_t resumed_rows = 0;  // taken over from an interrupted extraction
};

/// Processes `tasks` with TBB: each thread decodes a video of its own and runs any batch that is full,
/// whichever videos its clips come from; a thread without a video runs the batches of the others, so that the
/// last videos keep all threads busy. With n devices, each gets every n-th video, whose clips stay there;
/// every thread serves all devices. Finished videos are passed to `done` (called from one thread at a time,
/// in the order they finish). A video that fails is an outcome, not an exception; a network or a machine that
/// fails ends the run. A video whose file could not be read this time has an outcome without a content hash,
/// so that it is tried again. Rows of a video that takes long are kept beside the store: after a kill the
/// next extraction takes them over and computes the others, with equal results. At most `jobs` videos, and
/// the clips that wait for their batch, are in flight. `progress` is called from any thread with the number
/// of clips that have passed their network; when it says stop, work stops at the next clip with
/// Error(Interrupted). All videos finished by then have been passed to `done`.
ExtractionTimes extract_parallel(const std::vector<ExtractionDevice>& devices,
                                 const std::vector<ExtractionTask>& tasks,
                                 const std::vector<ExtractionLane>& lanes, const ParallelOptions& options,
                                 const std::function<void(const VideoOutcome&)>& done,
                                 const Progress& progress);

}  // namespace tvr

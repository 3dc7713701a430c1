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

/// A lane's name, and its recipe's row in the store.
struct ExtractionLane {
  std::string name;
  std::int64_t recipe = 0;
};

/// The processor or a GPU: what decodes the videos that go there, and each lane's network. Nothing is owned.
struct ExtractionDevice {
  ClipSource* clips = nullptr;
  std::vector<const Backbone*> networks;  // as the lanes
};

/// A video and the lanes (indices) in which it is not fresh; never empty.
struct ExtractionTask {
  VideoSource source;
  SourceFingerprint fingerprint;
  std::vector<std::size_t> lanes;
};

/// Speed only.
struct ParallelOptions {
  int jobs = 1;                        // threads; each takes the clips of a video or runs a network
  int clip_batch = 1;                  // clips of equal size, of any videos, that share a forward pass
  std::filesystem::path spill_folder;  // for the rows of long videos until they are complete; empty: memory
};

/// Where the time went.
struct ExtractionTimes {
  double decode_s = 0;  // this and the next two: summed over the threads
  double network_s = 0;
  double write_s = 0;
  double wall_s = 0;
};

/// Works through `tasks` with TBB: every thread takes the clips of a video of its own from its decoder and
/// runs the batches of clips that fill up, whosever they are; a thread without a video takes the batches of
/// the others, so that the last videos keep all threads busy. Of several devices each gets every n-th video,
/// and its clips stay there; a thread serves them all. One writer hands finished videos to `done`
/// (called from one thread at a time, in the order they finish). A video that fails is an outcome, not an
/// exception; a network that fails ends the run. In flight are at most `jobs` videos and the clips that wait
/// for their batch. `progress` is told, from any thread, how many clips are through their network; when it
/// says stop, the work stops at the next clip: Error(Interrupted). What `done` was told by then is all that
/// was finished.
ExtractionTimes extract_parallel(const std::vector<ExtractionDevice>& devices,
                                 const std::vector<ExtractionTask>& tasks,
                                 const std::vector<ExtractionLane>& lanes, const ParallelOptions& options,
                                 const std::function<void(const VideoOutcome&)>& done,
                                 const Progress& progress);

}  // namespace tvr

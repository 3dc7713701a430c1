#include "pipeline/parallel_extract.h"

#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "data/error.h"
#include "data/feature.h"
#include "pipeline/clip_batcher.h"

namespace tvr {

/// A video between its first clip and its last row. Guarded by Extraction::mutex_ once clips wait in the
/// batcher.
struct VideoInWork {
  const ExtractionTask* task = nullptr;
  std::vector<HalfSequence> lanes;  // as task->lanes; rows L2-normalised
  VideoOutcome outcome;
  std::int64_t waiting = 0;  // clips whose row has not come back
  bool decoded = false;      // no more clips will come
};

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Error stopped() {
  return {Fault::Interrupted, "extraction", "stopped on request; videos that were finished are in the store",
          "Run the same command again to go on"};
}

/// How a failure to decode is told in the store.
Status status_of(Fault fault) {
  switch (fault) {
    case Fault::Limit:
      return Status::Limit;
    case Fault::Timeout:
      return Status::Timeout;
    case Fault::NotFound:
    case Fault::Unreadable:
    case Fault::Unsupported:
      return Status::Unreadable;
    default:
      return Status::NoVideo;
  }
}

class Extraction {
 public:
  Extraction(const std::vector<ExtractionLane>& lanes, const ParallelOptions& options,
             const std::function<void(const VideoOutcome&)>& done, const Progress& progress)
      : lanes_(lanes),
        options_(options),
        done_(done),
        progress_(progress),
        batcher_(static_cast<std::size_t>(options.clip_batch),
                 4 * lanes.size() * static_cast<std::size_t>(options.clip_batch)) {}

  void extract(const ExtractionTask& task) {
    const auto video = std::make_shared<VideoInWork>();
    video->task = &task;
    video->lanes.resize(task.lanes.size());
    const auto start = Clock::now();
    try {
      decode(video);
    } catch (const Error& error) {
      if (error.fault() == Fault::Interrupted) throw;
      video->outcome.status = status_of(error.fault());
      video->outcome.message = error.seen();
    }
    video->outcome.seconds = since(start);
    finish_if_complete(*video, [&] { video->decoded = true; });
  }

  /// Runs what still waits for a full batch.
  void drain() {
    for (;;) {
      std::vector<WaitingClip> batch;
      {
        const std::lock_guard lock(mutex_);
        batch = batcher_.flush();
      }
      if (batch.empty()) return;
      run(batch);
    }
  }

  /// What `progress` answers to the clips done so far.
  [[nodiscard]] bool go_on() const { return progress_({"clips", clips_done_, 0}); }

  [[nodiscard]] const ExtractionTimes& times() const noexcept { return times_; }

 private:
  void decode(const std::shared_ptr<VideoInWork>& video) {
    const ExtractionTask& task = *video->task;
    std::vector<LaneOptions> sampling;
    for (const std::size_t lane : task.lanes) sampling.push_back(lanes_[lane].sampling);
    auto start = Clock::now();
    ClipStream stream(task.source.path, sampling, options_.limits);
    while (std::optional<Clip> clip = stream.next()) {
      count(times_.decode_s, start);
      if (!go_on()) throw stopped();
      std::vector<WaitingClip> batch;
      {
        const std::lock_guard lock(mutex_);
        ++video->waiting;
        const std::size_t lane = task.lanes[clip->lane];
        batch = batcher_.add({video, lane, std::move(*clip)});
      }
      if (!batch.empty()) run(batch);
      start = Clock::now();
    }
    count(times_.decode_s, start);
    const DecodeSummary& summary = stream.summary();
    VideoOutcome& outcome = video->outcome;
    outcome.status = summary.complete ? Status::Ok : Status::Partial;
    outcome.message = summary.message;
    outcome.decoded_frames = summary.decoded_frames;
    outcome.expected_frames = summary.expected_frames;
    outcome.duration_s = summary.duration_s;
    outcome.first_frame_only = summary.first_frame_only;
  }

  /// One forward pass; every row goes to its video.
  void run(const std::vector<WaitingClip>& batch) {
    std::vector<const Clip*> clips;
    for (const WaitingClip& waiting : batch) clips.push_back(&waiting.clip);
    const auto start = Clock::now();
    Matrix rows = lanes_[batch.front().lane].network->forward(clips);
    count(times_.network_s, start);
    clips_done_ += static_cast<std::int64_t>(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      float* row = rows.row(static_cast<std::int64_t>(i));
      l2_normalize(row, static_cast<std::size_t>(rows.cols()));
      const WaitingClip& waiting = batch[i];
      finish_if_complete(*waiting.video, [&] {
        HalfSequence& features = waiting.video->lanes[waiting.clip.lane];
        features.dim = rows.cols();
        features.set(static_cast<std::size_t>(waiting.clip.index), row, waiting.clip.span);
        --waiting.video->waiting;
      });
    }
  }

  /// Makes `change` to the video and, when that was the last thing it waited for, hands it on.
  template <class Change>
  void finish_if_complete(VideoInWork& video, const Change& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
      if (!video.decoded || video.waiting > 0) return;
    }
    VideoOutcome& outcome = video.outcome;  // nobody else holds the video any more
    outcome.source = video.task->source;
    outcome.fingerprint = video.task->fingerprint;
    const bool usable = outcome.status == Status::Ok || outcome.status == Status::Partial;
    for (std::size_t i = 0; i < video.lanes.size(); ++i) {
      outcome.lanes.push_back(
          {lanes_[video.task->lanes[i]].recipe, usable ? std::move(video.lanes[i]) : HalfSequence{}});
    }
    const std::lock_guard lock(writer_);
    const auto start = Clock::now();
    done_(outcome);
    count(times_.write_s, start);
  }

  void count(double& total_s, Clock::time_point start) {
    const double seconds = since(start);
    const std::lock_guard lock(clock_);
    total_s += seconds;
  }

  const std::vector<ExtractionLane>& lanes_;
  const ParallelOptions& options_;
  const std::function<void(const VideoOutcome&)>& done_;
  const Progress& progress_;
  std::mutex mutex_, writer_, clock_;
  ClipBatcher batcher_;
  ExtractionTimes times_;
  std::atomic<std::int64_t> clips_done_{0};
};

}  // namespace

ExtractionTimes extract_parallel(const std::vector<ExtractionTask>& tasks,
                                 const std::vector<ExtractionLane>& lanes, const ParallelOptions& options,
                                 const std::function<void(const VideoOutcome&)>& done,
                                 const Progress& progress) {
  const auto start = Clock::now();
  Extraction extraction(lanes, options, done, progress);
  std::size_t next = 0;
  const auto next_task = [&](tbb::flow_control& flow) -> std::size_t {
    if (next == tasks.size() || !extraction.go_on()) flow.stop();
    return next++;
  };
  tbb::task_arena arena(options.jobs);
  arena.execute([&] {
    tbb::parallel_pipeline(
        static_cast<std::size_t>(options.jobs),
        tbb::make_filter<void, std::size_t>(tbb::filter_mode::serial_in_order, next_task) &
            tbb::make_filter<std::size_t, void>(tbb::filter_mode::parallel,
                                                [&](std::size_t task) { extraction.extract(tasks[task]); }));
  });
  if (!extraction.go_on()) throw stopped();
  extraction.drain();
  ExtractionTimes times = extraction.times();
  times.wall_s = since(start);
  return times;
}

}  // namespace tvr

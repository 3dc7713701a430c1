#include "pipeline/extraction/parallel_extract.h"

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "data/error.h"
#include "data/mutex.h"
#include "data/store/feature.h"
#include "data/thread_sanitizer.h"
#include "pipeline/extraction/clip_batcher.h"
#include "pipeline/extraction/row_files.h"

namespace tvr {

using Clock = std::chrono::steady_clock;

/// A video between its first clip and its last feature row. Guarded by Extraction::mutex_ once it has clips
/// in the batcher.
struct VideoInWork {
  const ExtractionTask* task = nullptr;
  std::vector<HalfSequence> lanes;  // in the order of task->lanes; rows L2-normalised
  VideoOutcome outcome;
  Clock::time_point start = Clock::now();
  std::int64_t waiting = 0;  // clips whose row is not computed yet
  bool decoded = false;      // no more clips will come
  bool unread = false;       // its file could not be read this time
  std::string broken_lane;   // the lane whose network returned NaN or infinity
};

namespace {

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Error stopped() {
  return {Fault::Interrupted, "extraction", "stopped on request; finished videos are in the store",
          "Run the same command again to resume"};
}

/// The status in the store for a decoding error.
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

/// No video is at fault.
bool ends_the_run(Fault fault) {
  return fault == Fault::Interrupted || fault == Fault::Device || fault == Fault::Machine;
}

/// A video that a thread is decoding.
struct Decoding {
  std::shared_ptr<VideoInWork> video;
  std::size_t device = 0;
  std::unique_ptr<VideoClips> clips;
};

class Extraction {
 public:
  Extraction(const std::vector<ExtractionDevice>& devices, const std::vector<ExtractionTask>& tasks,
             const std::vector<ExtractionLane>& lanes, const ParallelOptions& options,
             const std::function<void(const VideoOutcome&)>& done, const Progress& progress)
      : devices_(devices),
        tasks_(tasks),
        lanes_(lanes),
        options_(options),
        done_(done),
        progress_(progress),
        batcher_(static_cast<std::size_t>(options.clip_batch),
                 4 * devices.size() * lanes.size() * static_cast<std::size_t>(options.clip_batch)) {}

  /// The loop of every thread, until no work is left.
  void work() {
    try {
      Decoding decoding;
      for (Step step = next_step(false); step.kind != Step::Kind::Nothing;
           step = next_step(decoding.video != nullptr)) {
        if (!go_on()) throw stopped();
        if (step.kind == Step::Kind::Run) {
          run(step.batch);
        } else {
          if (step.task != nullptr) decoding = begin(*step.task);
          if (!decode_clip(decoding)) decoding = {};
        }
      }
    } catch (...) {
      const MutexLock lock(mutex_);
      failed_ = true;
      changed_.notify_all();
      throw;
    }
  }

  [[nodiscard]] ExtractionTimes times() {
    const MutexLock lock(clock_);
    return times_;
  }

 private:
  /// Reports the clips done so far; false: stop.
  [[nodiscard]] bool go_on() const { return progress_({"clips", clips_done_, 0}); }

  struct Step {
    enum class Kind { Nothing, Run, Decode } kind = Kind::Nothing;
    std::vector<WaitingClip> batch;        // to run
    const ExtractionTask* task = nullptr;  // to decode: a new video; null: continue the current one
  };

  /// Full batches have priority, unless an idle thread is waiting for one: then this thread continues its
  /// video, so that both have work. Batches that are not full run only when no video is being decoded any
  /// more.
  Step next_step(bool has_video) {
    MutexLock lock(mutex_);
    for (;;) {
      if (failed_) return {};
      const bool can_decode = has_video || next_task_ < tasks_.size();
      if (!ready_.empty() && (!can_decode || idle_ < ready_.size())) {
        Step step{Step::Kind::Run, std::move(ready_.front()), nullptr};
        ready_.pop_front();
        return step;
      }
      if (has_video) return {Step::Kind::Decode, {}, nullptr};
      if (can_decode) {
        ++decoding_;
        return {Step::Kind::Decode, {}, &tasks_[next_task_++]};
      }
      if (decoding_ == 0) {
        Step step{Step::Kind::Run, batcher_.flush(), nullptr};
        return step.batch.empty() ? Step{} : std::move(step);
      }
      ++idle_;
      lock.wait(changed_);
      --idle_;
    }
  }

  [[nodiscard]] Decoding begin(const ExtractionTask& task) {
    Decoding decoding;
    decoding.video = std::make_shared<VideoInWork>();
    decoding.video->task = &task;
    decoding.device = static_cast<std::size_t>(&task - tasks_.data()) % devices_.size();
    decoding.video->lanes.resize(task.lanes.size());
    if (!options_.store.empty()) resume(decoding);
    return decoding;
  }

  /// Takes over what an interrupted extraction has computed of this video.
  void resume(const Decoding& decoding) {
    const ExtractionTask& task = *decoding.video->task;
    std::int64_t resumed = 0;
    for (std::size_t i = 0; i < task.lanes.size(); ++i) {
      const std::size_t lane = task.lanes[i];
      HalfSequence& rows = decoding.video->lanes[i];
      rows.place = row_place(options_.store, task.source.id, task.fingerprint.content, lanes_[lane].identity);
      rows.dim = devices_[decoding.device].networks[lane]->dim();
      rows.resume();
      resumed += rows.rows();
    }
    const MutexLock lock(clock_);
    times_.resumed_rows += resumed;
  }

  /// Decodes up to the next clip; false: the video has ended or failed.
  bool decode_clip(Decoding& decoding) {
    VideoOutcome& outcome = decoding.video->outcome;
    const auto start = Clock::now();
    std::optional<Clip> clip;
    try {
      if (!decoding.clips) open(decoding);
      clip = decoding.clips->next([&] { return !go_on(); });
      if (!clip) finish_decoding(decoding);
    } catch (const Error& error) {
      if (ends_the_run(error.fault())) throw;
      outcome.status = status_of(error.fault());
      decoding.video->unread = error.fault() == Fault::NotFound || error.fault() == Fault::Unreadable;
      outcome.message = error.seen();
    }
    count(&ExtractionTimes::decode_s, start);
    if (clip) {
      hand_on(decoding, std::move(*clip));
      return true;
    }
    if (end_decoding(decoding)) finish(*decoding.video);
    return false;
  }

  void open(Decoding& decoding) const {
    const ExtractionTask& task = *decoding.video->task;
    std::vector<std::int64_t> first;
    for (const HalfSequence& rows : decoding.video->lanes) first.push_back(rows.rows());
    decoding.clips = devices_[decoding.device].clips->open(task.source.path, task.lanes, first);
  }

  /// Whether the video is complete: all of its rows are already computed.
  [[nodiscard]] bool end_decoding(const Decoding& decoding) {
    const MutexLock lock(mutex_);
    VideoInWork& video = *decoding.video;
    video.outcome.seconds = since(video.start);
    video.decoded = true;
    if (--decoding_ == 0) changed_.notify_all();
    return video.waiting == 0;
  }

  void hand_on(const Decoding& decoding, Clip clip) {
    const MutexLock lock(mutex_);
    ++decoding.video->waiting;
    const std::size_t lane = decoding.video->task->lanes[clip.lane];
    std::vector<WaitingClip> batch = batcher_.add({decoding.video, decoding.device, lane, std::move(clip)});
    if (batch.empty()) return;
    ready_.push_back(std::move(batch));
    changed_.notify_one();
  }

  static void finish_decoding(const Decoding& decoding) {
    const DecodeSummary& summary = decoding.clips->summary();
    VideoOutcome& outcome = decoding.video->outcome;
    outcome.status = summary.complete ? Status::Ok : Status::Partial;
    outcome.message = summary.message;
    outcome.decoded_frames = summary.decoded_frames;
    outcome.expected_frames = summary.expected_frames;
    outcome.duration_s = summary.duration_s;
    outcome.first_frame_only = summary.first_frame_only;
    const ExtractionTask& task = *decoding.video->task;
    if (has_changed(task.source.path, task.fingerprint)) {
      outcome.status = Status::Unreadable;
      outcome.message = "the file changed while it was being read";
    }
  }

  /// Runs one forward pass and stores each row in its video.
  void run(const std::vector<WaitingClip>& batch) {
    std::vector<const Clip*> clips;
    for (const WaitingClip& waiting : batch) clips.push_back(&waiting.clip);
    const auto start = Clock::now();
    Matrix rows = forward(batch, clips);
    count(&ExtractionTimes::network_s, start);
    clips_done_ += static_cast<std::int64_t>(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      float* row = rows.row(static_cast<std::int64_t>(i));
      const bool numbers =
          std::all_of(row, row + rows.cols(), [](float value) { return std::isfinite(value); });
      l2_normalize(row, static_cast<std::size_t>(rows.cols()));
      if (keep_row(batch[i], row, rows.cols(), numbers)) finish(*batch[i].video);
    }
  }

  /// Stores the row in its video; returns whether the video is now complete.
  [[nodiscard]] bool keep_row(const WaitingClip& from, const float* row, std::int64_t dim, bool numbers) {
    const MutexLock lock(mutex_);
    VideoInWork& video = *from.video;
    if (!numbers) video.broken_lane = lanes_[from.lane].name;
    HalfSequence& features = video.lanes[from.clip.lane];
    features.dim = dim;
    features.set(static_cast<std::size_t>(from.clip.index), row, from.clip.span);
    if (since(video.start) > options_.keep_rows_after_s) features.move_to_disk();
    return --video.waiting == 0 && video.decoded;
  }

  /// An error of a network is not the video's fault: it ends the run, naming the video.
  [[nodiscard]] Matrix forward(const std::vector<WaitingClip>& batch,
                               const std::vector<const Clip*>& clips) const {
    const WaitingClip& first = batch.front();
    try {
      return devices_[first.device].networks[first.lane]->forward(clips);
    } catch (const Error& error) {
      throw Error(error.fault(),
                  "lane " + lanes_[first.lane].name + ", video '" + first.video->task->source.id + "'",
                  error.where() + ": " + error.seen(), error.advice());
    }
  }

  /// Passes a complete video on; no other thread accesses it any more.
  void finish(VideoInWork& video) {
    VideoOutcome& outcome = video.outcome;
    outcome.source = video.task->source;
    if (!video.unread) outcome.fingerprint = video.task->fingerprint;
    if (!video.broken_lane.empty()) {
      outcome.status = Status::Unreadable;
      outcome.message = "the network of lane " + video.broken_lane + " returned NaN or infinity";
    }
    const bool usable = outcome.status == Status::Ok || outcome.status == Status::Partial;
    for (std::size_t i = 0; i < video.lanes.size(); ++i) {
      outcome.lanes.push_back(
          {lanes_[video.task->lanes[i]].recipe, usable ? std::move(video.lanes[i]) : HalfSequence{}});
    }
    const MutexLock lock(writer_);
    const auto start = Clock::now();
    done_(outcome);
    for (HalfSequence& rows : video.lanes) rows.discard();
    for (VideoOutcome::Lane& lane : outcome.lanes) lane.features.discard();
    count(&ExtractionTimes::write_s, start);
  }

  void count(double ExtractionTimes::*total_s, Clock::time_point start) {
    const double seconds = since(start);
    const MutexLock lock(clock_);
    times_.*total_s += seconds;
  }

  const std::vector<ExtractionDevice>& devices_;
  const std::vector<ExtractionTask>& tasks_;
  const std::vector<ExtractionLane>& lanes_;
  const ParallelOptions& options_;
  const std::function<void(const VideoOutcome&)>& done_;
  const Progress& progress_;
  std::atomic<std::int64_t> clips_done_{0};
  Mutex writer_;  // held while a video is passed to done_

  Mutex mutex_;
  std::condition_variable changed_;  // a batch is ready, or no video is being decoded any more
  ClipBatcher batcher_ TVR_GUARDED_BY(mutex_);
  std::deque<std::vector<WaitingClip>> ready_ TVR_GUARDED_BY(mutex_);  // full batches: at most one per thread
  std::size_t next_task_ TVR_GUARDED_BY(mutex_) = 0;
  std::size_t decoding_ TVR_GUARDED_BY(mutex_) = 0;
  std::size_t idle_ TVR_GUARDED_BY(mutex_) = 0;
  bool failed_ TVR_GUARDED_BY(mutex_) = false;

  Mutex clock_;
  ExtractionTimes times_ TVR_GUARDED_BY(clock_);
};

}  // namespace

ExtractionTimes extract_parallel(const std::vector<ExtractionDevice>& devices,
                                 const std::vector<ExtractionTask>& tasks,
                                 const std::vector<ExtractionLane>& lanes, const ParallelOptions& options,
                                 const std::function<void(const VideoOutcome&)>& done,
                                 const Progress& progress) {
  const auto start = Clock::now();
  // By default TBB starts no more threads than there are cores.
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(options.jobs));
  Extraction extraction(devices, tasks, lanes, options, done, progress);
  tbb::task_arena arena(options.jobs);
  const HandedOn to_threads(&extraction);
  arena.execute([&] {
    tbb::parallel_for(
        0, options.jobs,
        [&](int) {
          const TakenOver here(&extraction);
          extraction.work();
        },
        tbb::simple_partitioner());
  });
  ExtractionTimes times = extraction.times();
  times.wall_s = since(start);
  return times;
}

}  // namespace tvr

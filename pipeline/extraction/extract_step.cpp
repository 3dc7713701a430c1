#include "pipeline/extraction/extract_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string_view>
#include <utility>

#include "data/error.h"
#include "data/usable_cores.h"
#include "extract/decoding/decoder_host.h"
#include "extract/decoding/header_durations.h"
#include "extract/decoding/in_process_decoder.h"
#include "extract/gpu.h"
#include "extract/networks/plugin.h"
#include "extract/networks/tower_backbone.h"
#include "pipeline/extraction/row_files.h"
#include "pipeline/extraction/video_progress.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

using Clock = std::chrono::steady_clock;

int jobs_of(const SpeedOptions& speed) { return speed.jobs > 0 ? speed.jobs : usable_cores(); }

int batch_of(const ExtractionPlan& plan) {
  if (plan.speed.clip_batch > 0) return plan.speed.clip_batch;
  constexpr int kOnGpu = 64, kOfEncoders = 8;  // a tower is 15 % faster with 8 pictures than with 1
  const bool encoders = std::all_of(plan.lanes.begin(), plan.lanes.end(), [](const PlannedLane& lane) {
    return is_encoder(lane.spec.network.model);
  });
  if (uses_gpu(plan.speed.devices)) return kOnGpu;
  return encoders ? kOfEncoders : 1;
}

/// Decoders and networks of an extraction.
struct Equipment {
  std::vector<std::unique_ptr<ClipSource>> decoders;
  std::vector<std::unique_ptr<Backbone>> networks;
  std::vector<ExtractionDevice> devices;
};

/// One device per GPU of --device, or the CPU. Either all lanes have GPU presets, or none.
Equipment equip(const std::vector<PlannedLane>& lanes, const SpeedOptions& speed) {
  Equipment made;
  std::vector<LaneOptions> sampling;
  for (const PlannedLane& lane : lanes) sampling.push_back(lane.spec.sampling);
  const bool decode_on_gpu = is_gpu(sampling.front().preset);
  if (!decode_on_gpu) {  // first, while the process to fork is small
    made.decoders.push_back(std::make_unique<DecoderHost>(decode_by(sampling, speed.limits), speed.limits));
  }
  for (const int gpu : speed.devices.gpus) {
    if (decode_on_gpu) {
      require_nvdec(gpu);
      made.decoders.push_back(std::make_unique<InProcessDecoder>(sampling, speed.limits, gpu));
    }
    ExtractionDevice device{made.decoders.back().get(), {}};
    std::vector<std::future<std::unique_ptr<Backbone>>> loading;  // the lanes' networks load concurrently
    for (const PlannedLane& lane : lanes) {
      BackboneOptions network = lane.spec.network;
      const bool loaded = is_plugin(network.model) && !made.devices.empty();  // for all devices
      network.gpu = gpu;
      loading.push_back(loaded ? std::future<std::unique_ptr<Backbone>>()
                               : std::async(std::launch::async, load_backbone, network));
    }
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      if (!loading[lane].valid()) {
        device.networks.push_back(made.devices.front().networks[lane]);
        continue;
      }
      made.networks.push_back(loading[lane].get());
      device.networks.push_back(made.networks.back().get());
    }
    made.devices.push_back(std::move(device));
  }
  return made;
}

/// Warns about lanes with random weights.
void warn_of_trials(const std::vector<PlannedLane>& lanes) {
  for (const PlannedLane& lane : lanes) {
    const BackboneOptions& network = lane.spec.network;
    if (!network.weights.empty() || is_plugin(network.model) || is_encoder(network.model)) continue;
    warn(fmt::format("lane {}: {} has RANDOM weights (seed {}): for test runs only, not for real search",
                     lane.recipe.lane, network.model, network.random_seed));
  }
}

/// A file's fingerprint, or the error of reading it: an unreadable file is an outcome like any other.
struct Look {
  SourceFingerprint fingerprint;
  std::optional<Error> error;
};

Look look_at(const VideoSource& source, const KnownVideo* known) {
  try {
    const bool same_file = known != nullptr && !known->video.fingerprint.content.empty() &&
                           known->video.source.path.native() == source.path.native();
    return {
        fingerprint_source(source.path, same_file ? std::optional(known->video.fingerprint) : std::nullopt,
                           [](const ProgressEvent&) { return !stop_requested(); }),
        {}};
  } catch (const Error& error) {
    if (error.fault() == Fault::Interrupted || error.fault() == Fault::Machine) throw;
    return {{}, error};
  }
}

void add_to(ExtractReport& report, const VideoOutcome& outcome) {
  if (outcome.status == Status::Ok || outcome.status == Status::Partial) {
    ++report.extracted;
    if (outcome.status == Status::Partial) ++report.partial;
    for (const auto& lane : outcome.lanes) report.rows += lane.features.rows();
    return;
  }
  ++report.failed;
  constexpr std::size_t kShown = 20;
  if (report.failures.size() < kShown) {
    report.failures.push_back(video_line(outcome.source.id) + ": " + kStatuses.name(outcome.status) + ": " +
                              outcome.message);
  }
}

class Planner {
 public:
  Planner(FeatureStore& store, const std::vector<std::int64_t>& recipes, bool retry_failed,
          ExtractReport& report)
      : store_(store), recipes_(recipes), retry_failed_(retry_failed), report_(report) {}

  /// The videos to extract, in the order of `videos`.
  [[nodiscard]] std::vector<ExtractionTask> plan(const std::vector<VideoSource>& videos) {
    std::vector<std::string_view> ids;
    for (const VideoSource& source : videos) ids.emplace_back(source.id);
    ProgressLine line("check", "videos", static_cast<std::int64_t>(videos.size()));
    std::int64_t seen = 0;
    store_.look_up(ids, [&](std::size_t i, const KnownVideo* known) {
      if (stop_requested())
        throw Error(Fault::Interrupted, "extraction", "stopped before the first video",
                    "Run the same command again to resume");
      consider(videos[i], known);
      line.update(++seen);
    });
    std::sort(tasks_.begin(), tasks_.end(), [](const Task& a, const Task& b) { return a.first < b.first; });
    std::vector<ExtractionTask> tasks;
    for (Task& task : tasks_) tasks.push_back(std::move(task.second));
    return tasks;
  }

  /// Writes to the store what plan() has found. Call it after the networks are loaded, so that a run that
  /// fails before leaves the store unchanged.
  void note() {
    for (const auto& [source, error] : unreadable_) record_unreadable(*source, error);
    for (const auto& [source, fingerprint] : touched_) store_.touch(*source, fingerprint);
  }

 private:
  using Task = std::pair<const VideoSource*, ExtractionTask>;  // sorted by pointer: the order of the list

  void consider(const VideoSource& source, const KnownVideo* known) {
    Look look = look_at(source, known);
    if (look.error) {
      unreadable_.emplace_back(&source, std::move(*look.error));
      return;
    }
    ExtractionTask task{source, look.fingerprint, {}};
    bool failed_before = false;
    for (std::size_t lane = 0; lane < recipes_.size(); ++lane) {
      const KnownVideo::Try* last = last_try(known, look.fingerprint.content, recipes_[lane]);
      const bool failed = last != nullptr && !last->has_features;
      failed_before |= failed;
      if (last == nullptr || last->machine_failed || (retry_failed_ && failed)) task.lanes.push_back(lane);
    }
    if (!task.lanes.empty()) {
      tasks_.emplace_back(&source, std::move(task));
      return;
    }
    ++report_.fresh;
    if (failed_before) ++report_.known_failures;
    const bool moved = known->video.source.path.native() != source.path.native();
    if (moved || known->video.fingerprint.mtime_ns != look.fingerprint.mtime_ns)
      touched_.emplace_back(&source, std::move(look.fingerprint));
  }

  /// The try with this recipe and exactly this content; nullptr: none, so the lane is not up to date.
  static const KnownVideo::Try* last_try(const KnownVideo* known, const Digest& content,
                                         std::int64_t recipe) {
    if (known == nullptr) return nullptr;
    for (const KnownVideo::Try& tried : known->tries) {
      if (tried.recipe == recipe && tried.content == content) return &tried;
    }
    return nullptr;
  }

  void record_unreadable(const VideoSource& source, const Error& error) {
    VideoOutcome outcome;
    outcome.source = source;
    outcome.status = Status::Unreadable;
    outcome.message = error.seen();
    for (const std::int64_t recipe : recipes_) outcome.lanes.push_back({recipe, {}});
    store_.write(outcome);
    add_to(report_, outcome);
  }

  FeatureStore& store_;
  const std::vector<std::int64_t>& recipes_;
  bool retry_failed_;
  ExtractReport& report_;
  std::vector<Task> tasks_;
  std::vector<std::pair<const VideoSource*, Error>> unreadable_;
  std::vector<std::pair<const VideoSource*, SourceFingerprint>> touched_;
};

/// For the estimate of the time left, which a slow network must not delay much.
std::vector<double> durations_of(const std::vector<ExtractionTask>& tasks) {
  constexpr double kLimitS = 5;
  std::vector<std::filesystem::path> videos;
  for (const ExtractionTask& task : tasks) videos.push_back(task.source.path);
  return header_durations(videos, kLimitS);
}

}  // namespace

ExtractReport extract_into_store(FeatureStore& store, const std::vector<VideoSource>& videos,
                                 const ExtractionPlan& plan) {
  const auto start = Clock::now();
  ExtractReport report;
  report.store = plan.store;
  report.videos = static_cast<std::int64_t>(videos.size());

  std::vector<ExtractionLane> work;
  std::vector<std::int64_t> recipes;
  for (const PlannedLane& lane : plan.lanes) {
    recipes.push_back(store.add_recipe(lane.recipe));
    work.push_back({lane.recipe.lane, recipes.back(), lane.recipe.identity()});
  }
  Planner planner(store, recipes, plan.retry_failed, report);
  const std::vector<ExtractionTask> tasks = planner.plan(videos);
  if (tasks.empty()) {
    planner.note();
  } else {
    warn_of_trials(plan.lanes);
    const std::vector<double> durations = durations_of(tasks);
    const auto loading = Clock::now();
    const Equipment equipment = equip(plan.lanes, plan.speed);  // not needed when everything is up to date
    report.loading_s = std::chrono::duration<double>(Clock::now() - loading).count();
    planner.note();
    double rate = 0;
    for (const PlannedLane& lane : plan.lanes) rate += rows_per_second(lane.recipe);
    VideoProgress progress(tasks, durations, rate);
    ProgressLine line("extract", progress.unit(), progress.total());
    const ParallelOptions parallel{jobs_of(plan.speed), batch_of(plan), plan.store};
    report.times = extract_parallel(
        equipment.devices, tasks, work, parallel,
        [&](const VideoOutcome& outcome) {
          store.write(outcome);
          add_to(report, outcome);
          progress.finish(outcome);
        },
        [&](const ProgressEvent& clips) {
          line.update(progress.done(clips.done), progress.note());
          return !stop_requested();
        });
    remove_row_files(plan.store);
  }
  store.checkpoint();
  report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return report;
}

void tell(const PassedOver& passed_over) {
  const std::string text = passed_over.text();
  if (!text.empty()) say("videos: " + text);
}

void tell(const ExtractReport& report) {
  if (report.extracted + report.failed == 0) {
    say(fmt::format("extract: nothing to do, all {} videos are up to date ({})", report.videos,
                    seconds_text(report.seconds)));
  } else {
    say(fmt::format(
        "extract: {} videos done in {} ({:.2f} per second), {} feature rows; {} were up to date, {} are "
        "partial, {} failed",
        report.extracted, seconds_text(report.seconds),
        static_cast<double>(report.extracted) / report.seconds, report.rows, report.fresh, report.partial,
        report.failed));
  }
  if (report.times.resumed_rows > 0)
    say(fmt::format("extract: {} rows were taken over from an interrupted extraction",
                    report.times.resumed_rows));
  for (const std::string& failure : report.failures) warn(failure);
  if (report.known_failures > 0) {
    warn(
        fmt::format("{} videos failed before and are unchanged: see `pipeline store failures {}`, or pass "
                    "--retry-failed",
                    report.known_failures, printable(report.store.string())));
  }
}

void lap(TimeAccount& time, const ExtractReport& report) {
  const double seconds = time.since_lap();
  const ExtractionTimes& times = report.times;
  const double threads_s = times.decode_s + times.network_s + times.write_s;
  const double work_s = threads_s > 0 ? std::min(times.wall_s, seconds - report.loading_s) : 0;
  time.add("check files", seconds - report.loading_s - work_s);
  if (threads_s <= 0) return;
  time.add("load networks", report.loading_s);
  time.add("decode", work_s * times.decode_s / threads_s);
  time.add("networks", work_s * times.network_s / threads_s);
  time.add("store", work_s * times.write_s / threads_s);
}

}  // namespace tvr

#include "pipeline/report/report_step.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "data/fingerprint.h"
#include "data/store/featured_in_all.h"
#include "data/store/store_inspector.h"
#include "data/usable_cores.h"
#include "extract/media/thumbnail.h"
#include "pipeline/machine/library_versions.h"
#include "pipeline/machine/machine.h"
#include "pipeline/machine/version.h"
#include "pipeline/report/report.h"
#include "pipeline/run/digester.h"
#include "pipeline/run/stills.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

/// Raise this when the page changes for the same run: old reports are then rewritten.
constexpr int kReportFormat = 3;

/// The outcomes of all videos of the store by this run's recipes: videos that could not be read are missing
/// from training too.
void add_outcomes(const ReportSubject& subject, ReportInput& input) {
  constexpr std::int64_t kShown = 200;
  const StoreInspector inspector(subject.run.store);
  for (const RecipeRow& lane : subject.lanes) {
    OutcomeFilter filter;
    filter.recipe = lane.recipe.identity();
    for (OutcomeSum& sum : inspector.sums(filter)) input.outcomes.push_back(std::move(sum));
    filter.failed = true;
    const auto left = kShown - static_cast<std::int64_t>(input.troubles.size());
    if (left <= 0) continue;
    for (OutcomeRow& row : inspector.outcomes(filter, left)) input.troubles.push_back(std::move(row));
  }
}

/// The number of videos without features, in the lane that has most of them.
std::int64_t failures(const std::vector<OutcomeSum>& outcomes) {
  std::map<std::string, std::int64_t> by_lane;
  for (const OutcomeSum& row : outcomes) {
    if (row.status != "ok" && row.status != "partial" && row.status != "imported")
      by_lane[row.lane] += row.videos;
  }
  std::int64_t most = 0;
  for (const auto& [lane, videos] : by_lane) most = std::max(most, videos);
  return most;
}

void add_cautions(const ReportSubject& subject, ReportInput& input) {
  std::string random;
  for (const RecipeRow& lane : subject.lanes) {
    if (lane.recipe.weights.rfind("random:", 0) == 0)
      random += (random.empty() ? "" : " and ") + lane.recipe.lane;
  }
  if (!random.empty()) {
    input.cautions.push_back(
        "The networks of lanes " + random +
        " have random weights: the metrics show that the program works, but say nothing about real "
        "features.");
  }
  input.cautions.insert(input.cautions.end(), subject.learned.findings.begin(),
                        subject.learned.findings.end());
  if (const std::int64_t failed = failures(input.outcomes); failed > 0)
    input.cautions.push_back(fmt::format("{} videos of the store have no features: see below.", failed));
}

std::string libraries_text() {
  std::string text;
  for (const LibraryVersion& library : library_versions())
    text += (text.empty() ? "" : "; ") + library.name + ' ' + text_of(library);
  return text;
}

std::string with_hash(const std::filesystem::path& file) {
  return fmt::format("{}; sha256 {}", file.string(), sha256_file(file));
}

void add_provenance(const RunFolder& folder, const ReportSubject& subject, ReportInput& input) {
  auto& rows = input.provenance;
  rows.emplace_back("program", "pipeline " + program_version_text());
  rows.emplace_back("written",
                    fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::chrono::system_clock::now())));
  rows.emplace_back("machine", fmt::format("{}, {} threads", read_machine().processor, usable_cores()));
  rows.emplace_back("libraries", libraries_text());
  for (const RecipeRow& lane : subject.lanes) {
    rows.emplace_back("lane " + lane.recipe.lane,
                      fmt::format("{} videos, {} columns; weights {}; {}", lane.videos, lane.dim,
                                  lane.recipe.weights, lane.recipe.text));
  }
  rows.emplace_back("feature store", fmt::format("{}; content {}", subject.run.store.string(),
                                                 subject.store.content_digest()));
  const RunManifest& run = subject.run;
  for (auto& row : provenance_of(run.data.dataset)) rows.push_back(std::move(row));
  if (!run.encoder.empty()) {
    rows.emplace_back("encoder pair", run.encoder.string() + "; " + run.encoder_id);
  } else if (run.word_vectors != folder.words()) {
    rows.emplace_back("word vectors", with_hash(run.word_vectors));
  }
  rows.emplace_back("seed", fmt::format("{}", run.seed));
}

/// Frames of clips: from the middle of the clip or, without a span, of the video. They are kept for when the
/// videos have moved.
class ClipPictures {
 public:
  ClipPictures(const RunFolder& folder, const ReportSubject& subject)
      : stills_(folder.path()), store_(subject.store), lane_(subject.lanes.front().id) {
    std::vector<std::int64_t> recipes;
    for (const RecipeRow& lane : subject.lanes) recipes.push_back(lane.id);
    for (FeaturedVideo& video : featured_in_all(subject.store, recipes)) {
      std::string id = video.source.id;
      videos_.emplace(std::move(id), std::move(video));
    }
  }

  [[nodiscard]] std::string of(const ClipRef& clip) {
    const auto found = videos_.find(clip.video_id);
    if (found == videos_.end()) return {};
    const FeaturedVideo& video = found->second;
    const std::optional<Micros> asked =
        clip.span ? std::optional<Micros>((clip.span->start + clip.span->end) / 2) : std::nullopt;
    std::string jpeg = thumbnail_jpeg(video.source.path, asked);
    const TimeSpan span = clip.span ? *clip.span : whole(clip.video_id);
    const Micros middle = (span.start + span.end) / 2;
    if (jpeg.empty()) return stills_.nearest(video.hash, middle, span);
    stills_.keep(video.hash, middle, jpeg);
    return jpeg;
  }

 private:
  [[nodiscard]] TimeSpan whole(const std::string& id) const {
    const std::optional<FeatureSequence> rows = store_.read(id, lane_);
    return {Micros(0), rows && !rows->times.empty() ? rows->times.back().end : Micros(0)};
  }

  Stills stills_;
  const FeatureStore& store_;
  std::int64_t lane_;
  std::map<std::string, FeaturedVideo> videos_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> provenance_of(const DatasetSpec& dataset,
                                                               const std::vector<DatasetFormat>& formats) {
  const DatasetFormat& format = format_of(dataset, formats);
  std::vector<std::pair<std::string, std::string>> rows = {{"data set format", known_annotations({format})}};
  for (const DatasetFile& file : format.files(dataset)) rows.emplace_back(file.role, with_hash(file.path));
  return rows;
}

Digest report_digest(const std::string& config, const std::string& metrics) {
  return Digester()
      .add(fmt::format("{} {}", program_version(), kReportFormat))
      .add(config)
      .add(metrics)
      .digest();
}

void write_report(const RunFolder& folder, const ReportSubject& subject) {
  ClipPictures pictures(folder, subject);
  ReportInput input;
  input.title = subject.title;
  input.subtitle = fmt::format(
      "{}: {} training clips with {} captions, {} validation clips, {} test clips with {} captions",
      subject.data.name, subject.data.train.clips.size(), subject.data.train.captions.size(),
      subject.data.val.clips.size(), subject.learned.test.clips.size(), subject.learned.test.captions.size());
  input.test = &subject.learned.test;
  input.evaluation = &subject.learned.seeds.front();
  for (const Evaluation& seed : subject.learned.seeds) input.seeds.push_back(seed.t2v);
  if (subject.learned.linear) {
    input.linear = subject.learned.linear->t2v;
    input.linear->queries = 0;  // the same ones
  }
  if (subject.learned.zero_shot) {
    input.zero_shot = subject.learned.zero_shot->t2v;
    input.zero_shot->queries = 0;  // the same ones
  }
  input.history = folder.history();
  if (subject.run.encoder.empty()) {    // a text tower knows every word
    constexpr std::size_t kNamed = 30;  // words without a vector
    input.text = {{"training", coverage_of(subject.data.train, subject.learned.words, kNamed)},
                  {"test", coverage_of(subject.data.test, subject.learned.words, kNamed)}};
    input.words = &subject.learned.words;
  }
  input.notes = subject.data.notes;
  input.config = subject.config;
  input.picture = [&](const ClipRef& clip) { return pictures.of(clip); };
  add_outcomes(subject, input);
  add_cautions(subject, input);
  add_provenance(folder, subject, input);
  write_text(folder.report(), report_html(input));
}

}  // namespace tvr

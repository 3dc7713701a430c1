#include "pipeline/serve/web_api.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/datasets/datasets.h"
#include "data/error.h"
#include "data/json_text.h"
#include "data/store/store_inspector.h"
#include "data/usable_cores.h"
#include "extract/media/cut.h"
#include "extract/media/picture_file.h"
#include "extract/media/remux.h"
#include "extract/media/thumbnail.h"
#include "model/retrieval_metrics.h"
#include "pipeline/run/placed_steps.h"
#include "pipeline/run/run_folder.h"
#include "pipeline/search/moments.h"
#include "pipeline/search/search_json.h"

namespace tvr {
namespace {

using nlohmann::json;

constexpr std::size_t kThumbnailBytes = std::size_t{64} << 20;
constexpr int kThumbnailPx = 288;  // sharp on a card on a screen of two pixels per pixel
constexpr std::size_t kNewest = 8;
constexpr std::int64_t kNewestLookedAt = 100;
constexpr std::size_t kMostCaptions = 3;
constexpr std::size_t kMostFacts = 20'000;
constexpr std::size_t kRemuxedBytes = std::size_t{8} << 30;    // of disk, for all together
constexpr std::uintmax_t kLeftFree = std::uintmax_t{1} << 30;  // of the disk
constexpr int kMostWaiting = 8;
constexpr std::int64_t kMostListed = 100;

IndexedVideo find_video(const SearchIndex& index, const std::string& text) {
  const auto found =
      std::find_if(index.videos().begin(), index.videos().end(),
                   [&](const IndexedVideo& video) { return video_text(video.source.id) == text; });
  if (found == index.videos().end()) {
    throw Error(Fault::NotFound, "search", "there is no searchable video with this name");
  }
  return *found;
}

bool is_there(const std::filesystem::path& file) {
  std::error_code problem;
  return std::filesystem::exists(file, problem);
}

/// A run's stills may be a stranger's, and are sent as pictures.
bool is_jpeg(const std::string& bytes) { return bytes.compare(0, 3, "\xff\xd8\xff") == 0; }

double seconds(Micros time) { return std::chrono::duration<double>(time).count(); }

/// The last window of the video that begins at `at` or before: the one of a moment, by its start.
TimeSpan window_at(const IndexedVideo& video, Micros at) {
  const auto after = std::find_if(video.windows.begin() + 1, video.windows.end(),
                                  [&](const TimeSpan& window) { return window.start > at; });
  return *(after - 1);
}

json json_of(const OutcomeRow& row) {
  return {{"video", video_text(row.video)},
          {"lane", row.lane},
          {"status", row.status},
          {"message", row.message},
          {"feature_rows", row.feature_rows},
          {"duration_s", row.duration_s}};
}

json json_of(const std::vector<OutcomeRow>& rows) {
  json list = json::array();
  for (const OutcomeRow& row : rows) {
    if (static_cast<std::int64_t>(list.size()) < kMostListed) list.push_back(json_of(row));
  }
  return list;
}

/// A file for what is made of a video: in the run's folder or, if that cannot be written, the system's folder
/// for temporary files.
Descriptor nameless_file(const std::filesystem::path& folder) {
  std::error_code none;
  for (const std::filesystem::path& place : {folder, std::filesystem::temp_directory_path(none)}) {
    std::string name = (place / ".playing-XXXXXX").string();
    Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) continue;
    ::unlink(name.c_str());
    return file;
  }
  throw Error(Fault::Unsupported, folder.string(), "there is no place for what is made of the video");
}

/// A folder of its own in one of these places, gone with this object.
class PassingFolder {
 public:
  explicit PassingFolder(const std::filesystem::path& run) {
    std::error_code none;
    for (const std::filesystem::path& place : {run, std::filesystem::temp_directory_path(none)}) {
      std::string name = (place / ".cutting-XXXXXX").string();
      if (::mkdtemp(name.data()) == nullptr) continue;
      path_ = name;
      return;
    }
    throw Error(Fault::Unsupported, run.string(), "there is no place for what is made of the video");
  }
  ~PassingFolder() {
    std::error_code none;
    std::filesystem::remove_all(path_, none);
  }
  PassingFolder(const PassingFolder&) = delete;
  PassingFolder& operator=(const PassingFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

void require_space(const Descriptor& to, const SendableFile& file) {
  struct statvfs disk {};
  if (::fstatvfs(to.get(), &disk) != 0) return;
  const std::uintmax_t free = std::uintmax_t{disk.f_bavail} * disk.f_frsize;
  if (free >= kLeftFree + static_cast<std::uintmax_t>(file.size())) return;
  throw Error(Fault::Unsupported, file.name(), "the disk has no space for a copy that browsers play");
}

/// The content of a text file; empty when it does not exist or cannot be read.
std::string optional_text(const std::filesystem::path& path) {
  try {
    return read_text(path);
  } catch (const Error&) {
    return {};
  }
}

/// The video of the index with each name of localized.csv, which may lack its folder.
std::map<std::string, const IndexedVideo*> videos_named(const std::vector<PlacedStep>& steps,
                                                        const SearchIndex& index) {
  std::vector<std::string> names;
  for (const PlacedStep& step : steps)
    if (names.empty() || names.back() != step.video) names.push_back(step.video);
  std::vector<VideoSource> sources;
  std::map<std::string, const IndexedVideo*> of_id, of_name;
  for (const IndexedVideo& video : index.videos()) {
    sources.push_back(video.source);
    of_id.emplace(video.source.id, &video);
  }
  for (const auto& [name, id] : video_ids_of(names, sources)) of_name.emplace(name, of_id.at(id));
  return of_name;
}

json json_of(const PlacedStep& step) {
  return {{"step", step.step + 1},
          {"name", step.name},
          {"second", step.second ? json(*step.second) : json()},
          {"score", step.score},
          {"hit", step.hit ? json(*step.hit) : json()}};
}

/// The video of a step, without its steps; "plays" is what other requests call it, null if it is not known.
json json_of(const PlacedStep& step, const std::map<std::string, const IndexedVideo*>& known) {
  json video = {{"video", step.video}, {"task", step.task}, {"plays", nullptr}, {"steps", json::array()}};
  if (const auto found = known.find(step.video); found != known.end()) {
    video["plays"] = video_text(found->second->source.id);
    video["length"] = seconds(found->second->length);
  }
  return video;
}

json metrics_in(const RunFolder& folder) {
  const std::string text = optional_text(folder.metrics());
  try {
    return parse_json(text, folder.metrics().string());
  } catch (const Error&) {  // not there, being written, or not ours
    return nullptr;
  }
}

/// Of text to video: what a random order of the test clips gives; null where their number is not known.
json chance_in(const json& metrics) {
  const json::json_pointer clips("/test/v2t/queries");
  if (!metrics.is_object() || !metrics.contains(clips) || !metrics[clips].is_number_unsigned())
    return nullptr;
  const RetrievalMetrics chance = chance_among(metrics[clips].get<double>());
  json values;
  for (std::size_t m = 0; m < chance.values.size(); ++m) values[chance.table()[m].name] = chance.values[m];
  return values;
}

}  // namespace

WebApi::WebApi(SearchService& service, std::filesystem::path run, PageFacts facts)
    : service_(service),
      run_(std::move(run)),
      facts_(std::move(facts)),
      stills_(run_),
      thumbnails_(kThumbnailBytes),
      media_facts_(kMostFacts),
      remuxed_(kRemuxedBytes),
      decoding_(std::max(2, usable_cores())) {}

json WebApi::info() const {
  const auto index = service_.index();
  Micros length(0);
  std::map<std::string_view, const IndexedVideo*> known;
  for (const IndexedVideo& video : index->videos()) {
    length += video.length;
    known.emplace(video.source.id, &video);
  }
  json newest = json::array();
  for (const std::string& id : StoreInspector(service_.store()).newest_videos(kNewestLookedAt)) {
    const auto found = known.find(id);
    if (found == known.end() || newest.size() >= kNewest) continue;
    const IndexedVideo& video = *found->second;
    newest.push_back({{"video", video_text(id)},
                      {"start", 0.0},
                      {"end", seconds(video.length)},
                      {"whole", true},
                      {"length", seconds(video.length)},
                      {"captions", captions_of(id, {Micros(0), video.length})}});
  }
  const bool is_index = run_.extension() == ".index";  // index_folder()
  return {{"run", (is_index ? service_.store().stem() : run_.filename()).string()},
          {"pictures", service_.takes_pictures()},
          {"random_weights", service_.note_on_random()},
          {"videos", index->videos().size()},
          {"seconds", seconds(length)},
          {"windows", index->windows().windows()},
          {"sentences", facts_.sentences},
          {"newest", std::move(newest)}};
}

std::vector<std::string> WebApi::captions_of(const std::string& id, const TimeSpan& span) const {
  std::vector<std::string> texts;
  const auto found = facts_.captions.find(id);
  if (found == facts_.captions.end()) return texts;
  for (const KnownCaption& caption : found->second) {
    const bool overlaps = !caption.span || (caption.span->start < span.end && span.start < caption.span->end);
    if (overlaps && texts.size() < kMostCaptions) texts.push_back(caption.text);
  }
  return texts;
}

json WebApi::search(SearchQuery query, const std::string& like, double at_s) {
  if (!like.empty()) {
    query.example =
        service_.example_of(find_video(*service_.index(), like).source.id, Micros(std::llround(at_s * 1e6)));
  }
  return answer(std::move(query));
}

json WebApi::search(SearchQuery query, PictureBytes picture) {
  PictureLimits limits;
  limits.max_scans = 20;  // more takes minutes
  {
    const Turnstile::Pass pass(pictures_);
    try {
      query.example = service_.example_of(decode_picture(picture.bytes, "the picture", limits));
    } catch (const Error& error) {
      throw Error(Fault::Unsupported, "the picture", error.seen());
    }
  }
  return answer(std::move(query));
}

json WebApi::answer(SearchQuery query) {
  const SearchAnswer answer = service_.answer(query);
  json result = json_of(query, answer);
  result["videos"] = service_.index()->videos().size();
  if (facts_.weak_below && query.example.empty()) result["weak_below"] = *facts_.weak_below;
  for (std::size_t i = 0; i < answer.hits.size(); ++i)
    result["results"][i]["captions"] = captions_of(answer.hits[i].source.id, answer.hits[i].span);
  return result;
}

json WebApi::store(const std::string& part, std::int64_t from) const {
  const StoreInspector inspector(service_.store());
  json progress = json::array();
  for (const OutcomeSum& sum : inspector.sums({})) {
    progress.push_back({{"lane", sum.lane},
                        {"recipe", sum.recipe},
                        {"status", sum.status},
                        {"videos", sum.videos},
                        {"video_seconds", sum.duration_s},
                        {"work_seconds", sum.seconds}});
  }
  OutcomeFilter filter, failed;
  filter.part = part;
  failed.failed = true;
  std::int64_t count = 0;
  for (const OutcomeSum& sum : inspector.sums(filter)) count += sum.videos;
  const auto index = service_.index();
  return {{"path", service_.store().string()},
          {"searchable", index->videos().size()},
          {"windows", index->windows().windows()},
          {"progress", std::move(progress)},
          {"failures", json_of(inspector.outcomes(failed, kMostListed))},
          {"listed", json_of(inspector.outcomes(filter, kMostListed, from))},
          {"from", from},
          {"count", count}};
}

json WebApi::steps(const std::string& part) const {
  const std::filesystem::path file = RunFolder(run_).placed_steps();
  if (!is_there(file)) throw Error(Fault::NotFound, "steps", "the run has no localized steps");
  const std::vector<PlacedStep> placed = read_placed_steps(file);
  const auto index = service_.index();
  const std::map<std::string, const IndexedVideo*> known = videos_named(placed, *index);
  json videos = json::array();
  std::int64_t count = 0;
  const PlacedStep* last = nullptr;  // the steps of a video and task follow each other
  for (const PlacedStep& step : placed) {
    if (step.video.find(part) == std::string::npos && step.task.find(part) == std::string::npos) continue;
    const bool is_new = last == nullptr || last->video != step.video || last->task != step.task;
    last = &step;
    count += is_new ? 1 : 0;
    if (count > kMostListed) continue;
    if (is_new) videos.push_back(json_of(step, known));
    videos.back()["steps"].push_back(json_of(step));
  }
  return {{"videos", std::move(videos)}, {"count", count}};
}

json WebApi::run() const {
  const RunFolder folder(run_);
  const json metrics = metrics_in(folder);
  return {{"path", run_.string()},
          {"chance", chance_in(metrics)},
          {"metrics", metrics},
          {"history", json_lines(optional_text(folder.history()))},
          {"config", optional_text(folder.config())},
          {"steps", is_there(folder.placed_steps())},
          {"report", std::filesystem::exists(folder.report())}};
}

std::string WebApi::report() const { return optional_text(RunFolder(run_).report()); }

json WebApi::media(const std::string& video, double at_s) {
  const IndexedVideo found = find_video(*service_.index(), video);
  const TimeSpan window = window_at(found, Micros(std::llround(at_s * 1e6)));
  const std::filesystem::path& file = file_of(found);
  const MediaFacts facts = facts_at(file);
  return {{"codec", facts.codec},
          {"container", facts.container},
          {"width", facts.width},
          {"height", facts.height},
          {"playable", facts.playable},
          {"mime", facts.mime},
          {"remuxed", facts.remuxed},
          {"lost_sound", facts.lost_sound},
          {"reason", facts.reason},
          {"path", file.string()},
          {"start", seconds(window.start)},
          {"end", seconds(window.end)},
          {"whole", found.windows.size() == 1},
          {"length", seconds(found.length)}};
}

const std::filesystem::path& WebApi::file_of(const IndexedVideo& video) const {
  const auto found = facts_.files.find(video.source.id);
  return found == facts_.files.end() ? video.source.path : found->second;
}

MediaFacts WebApi::facts_at(const std::filesystem::path& path) {
  MediaFacts facts;
  if (!is_there(path)) {
    facts.reason = "the file has been moved or deleted since its features were extracted";
    return facts;
  }
  try {
    return facts_of(SendableFile(path));
  } catch (const Error& error) {  // deleted meanwhile, or not a file
    facts.reason = error.seen();
    return facts;
  }
}

MediaFacts WebApi::facts_of(const SendableFile& file) {
  const std::string key = file.version() + file.name();  // libav looks at the extension, too
  if (std::optional<MediaFacts> known = media_facts_.find(key)) return *known;
  const Turnstile::Pass pass(decoding_);
  MediaFacts facts;
  try {
    facts = examine_media(file);
  } catch (const Error& error) {  // not a video, or a damaged one
    facts.reason = error.seen();
    return facts;
  }
  media_facts_.put(key, facts, 1);
  return facts;
}

WebApi::Media WebApi::open_media(const std::string& video, const std::function<bool()>& stop) {
  const IndexedVideo found = find_video(*service_.index(), video);
  const std::filesystem::path& path = file_of(found);
  std::shared_ptr<const SendableFile> file;
  try {
    file = std::make_shared<const SendableFile>(path);
  } catch (const Error& error) {
    throw Error(Fault::Unsupported, video, error.seen());
  }
  const MediaFacts facts = facts_of(*file);
  if (!facts.playable) throw Error(Fault::Unsupported, video, facts.reason);
  if (facts.remuxed) file = remuxed(*file, stop);
  return {std::move(file), facts.mime.substr(0, facts.mime.find(';'))};
}

std::shared_ptr<const SendableFile> WebApi::remuxed(const SendableFile& file,
                                                    const std::function<bool()>& stop) {
  const std::string key = file.version() + file.name();
  if (auto known = remuxed_.find(key)) return *known;
  const Turnstile::Pass pass(remuxing_, kMostWaiting, stop);
  if (auto known = remuxed_.find(key)) return *known;  // made by another thread
  Descriptor made = nameless_file(run_);
  require_space(made, file);
  try {
    remux_to_mp4(file, made, stop);
  } catch (const Error& error) {
    const bool is_file =
        error.fault() == Fault::Corrupt || error.fault() == Fault::Limit || error.fault() == Fault::Timeout;
    if (!is_file) throw;
    throw Error(Fault::Unsupported, file.name(), error.seen());
  }
  auto kept = std::make_shared<const SendableFile>(std::move(made), file.name(), file.version() + "-mp4");
  remuxed_.put(key, kept, static_cast<std::size_t>(kept->size()));
  return kept;
}

WebApi::Clip WebApi::cut(const std::string& video, double start_s, double end_s,
                         const std::function<bool()>& stop) {
  constexpr double kLongest = 600;
  const IndexedVideo found = find_video(*service_.index(), video);
  if (!(start_s < end_s) || end_s - start_s > kLongest || start_s >= seconds(found.length)) {
    throw Error(Fault::InvalidArgument, "start", fmt::format("there is no such part of {}", video),
                fmt::format("Name at most {} s of its {:.1f} s", kLongest, seconds(found.length)));
  }
  SearchHit part;
  part.source = found.source;
  part.span = {Micros(std::llround(start_s * 1e6)),
               std::min(Micros(std::llround(end_s * 1e6)), found.length)};
  const Turnstile::Pass pass(remuxing_, kMostWaiting, stop);
  const PassingFolder folder(run_);
  const std::filesystem::path clip = folder.path() / "clip.mp4";
  try {
    (void)cut_video(file_of(found), part.span, clip, false);
  } catch (const Error& error) {
    throw Error(Fault::Unsupported, video, error.seen());
  }
  return {std::make_shared<const SendableFile>(clip), clip_path({}, part).filename().string()};
}

std::string WebApi::thumbnail(const std::string& video, double at_s) {
  const IndexedVideo found = find_video(*service_.index(), video);
  const double at = std::clamp(at_s, 0.0, seconds(found.length));
  const Micros moment(std::llround(at * 1e6));
  const std::filesystem::path& file = file_of(found);
  if (!is_there(file)) {
    std::string still = stills_.nearest(found.features, moment, window_at(found, moment));
    return is_jpeg(still) ? still : std::string();
  }
  const std::string key = fmt::format("{}{}@{:.1f}", found.features, file.string(), at);
  if (std::optional<std::string> known = thumbnails_.find(key)) return *known;
  const Turnstile::Pass pass(decoding_);
  if (std::optional<std::string> known = thumbnails_.find(key)) return *known;  // made by another thread
  std::string jpeg = thumbnail_jpeg(file, moment, kThumbnailPx);
  stills_.keep(found.features, moment, jpeg);
  thumbnails_.put(key, jpeg, key.size() + jpeg.size());
  return jpeg;
}

}  // namespace tvr

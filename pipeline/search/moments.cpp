#include "pipeline/search/moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/datasets/video_id.h"

namespace tvr {
namespace {

using nlohmann::json;

double seconds(Micros time) { return std::chrono::duration<double>(time).count(); }

/// A file's address (RFC 8089), in which any path can be written on one line.
std::string address_of(const std::filesystem::path& file) {
  std::string address = "file://";
  const std::filesystem::path absolute = std::filesystem::absolute(file);
  for (const char c : absolute.native()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || std::string_view("/-._~").find(c) != std::string::npos;
    address += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return address;
}

std::string title_of(const Moment& moment) {
  return fmt::format("{} {:.1f}-{:.1f} s", video_line(moment.hit.source.id), seconds(moment.hit.span.start),
                     seconds(moment.hit.span.end));
}

/// Frames of the video until `time`.
std::int64_t frames(Micros time, const StatedRate& rate) {
  return std::llround(seconds(time) * rate.num / rate.den);
}

json time_of(std::int64_t frames, const StatedRate& rate) {
  return {{"OTIO_SCHEMA", "RationalTime.1"},
          {"rate", static_cast<double>(rate.num) / rate.den},
          {"value", static_cast<double>(frames)}};
}

json range_of(const TimeSpan& span, const StatedRate& rate) {
  const std::int64_t begin = frames(span.start, rate);
  return {{"OTIO_SCHEMA", "TimeRange.1"},
          {"start_time", time_of(begin, rate)},
          {"duration", time_of(frames(span.end, rate) - begin, rate)}};
}

/// What clips, tracks and stacks have in common.
json item(const char* schema, const std::string& name) {
  return {{"OTIO_SCHEMA", schema},      {"name", name},
          {"metadata", json::object()}, {"effects", json::array()},
          {"source_range", nullptr},    {"markers", json::array()}};
}

json clip_of(const Moment& moment) {
  json clip = item("Clip.1", title_of(moment));
  clip["source_range"] = range_of(moment.hit.span, moment.rate);
  clip["media_reference"] = {{"OTIO_SCHEMA", "ExternalReference.1"},
                             {"name", video_text(moment.hit.source.id)},
                             {"metadata", json::object()},
                             {"target_url", address_of(moment.hit.source.path)},
                             {"available_range", range_of({Micros(0), moment.hit.length}, moment.rate)}};
  clip["metadata"]["pipeline"] = {{"sentence", moment.sentence}, {"score", moment.hit.score}};
  return clip;
}

std::string time_code(std::int64_t frames, std::int64_t rate) {
  const std::int64_t s = frames / rate;
  return fmt::format("{:02}:{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60, frames % rate);
}

}  // namespace

std::filesystem::path clip_path(const std::filesystem::path& folder, const SearchHit& hit) {
  validate_video_id(hit.source.id, "search");
  return folder / fmt::format("{}@{:.1f}-{:.1f}.mp4", video_name(hit.source.id), seconds(hit.span.start),
                              seconds(hit.span.end));
}

std::string m3u_of(const std::vector<Moment>& moments) {
  std::string list = "#EXTM3U\n";
  for (const Moment& moment : moments) {
    const double start = seconds(moment.hit.span.start), end = seconds(moment.hit.span.end);
    list += fmt::format("#EXTINF:{:.0f},{}\n#EXTVLCOPT:start-time={:.3f}\n#EXTVLCOPT:stop-time={:.3f}\n{}\n",
                        end - start, title_of(moment), start, end, address_of(moment.hit.source.path));
  }
  return list;
}

std::string otio_of(const std::vector<Moment>& moments) {
  json track = item("Track.1", "moments");
  track["kind"] = "Video";
  track["children"] = json::array();
  for (const Moment& moment : moments) track["children"].push_back(clip_of(moment));
  json stack = item("Stack.1", "tracks");
  stack["children"] = json::array({std::move(track)});
  const json timeline = {{"OTIO_SCHEMA", "Timeline.1"},
                         {"name", "pipeline search"},
                         {"metadata", json::object()},
                         {"global_start_time", nullptr},
                         {"tracks", std::move(stack)}};
  return timeline.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string edl_of(const std::vector<Moment>& moments) {
  std::string list = "TITLE: pipeline search\nFCM: NON-DROP FRAME\n";
  const StatedRate first = moments.empty() ? StatedRate() : moments.front().rate;
  const std::int64_t rate =
      std::max<std::int64_t>(1, std::llround(static_cast<double>(first.num) / first.den));
  const StatedRate whole{static_cast<int>(rate), 1};
  std::int64_t at = 3600 * rate;  // editors begin a timeline at an hour
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const SearchHit& hit = moments[i].hit;
    const std::int64_t begin = frames(hit.span.start, whole), end = frames(hit.span.end, whole);
    list += fmt::format("\n{:03}  AX       V     C        {} {} {} {}\n* FROM CLIP NAME: {}\n", i + 1,
                        time_code(begin, rate), time_code(end, rate), time_code(at, rate),
                        time_code(at + end - begin, rate), video_line(hit.source.id));
    list += fmt::format("* SOURCE FILE: {}\n", address_of(hit.source.path));
    at += end - begin;
  }
  return list;
}

}  // namespace tvr

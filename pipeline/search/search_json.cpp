#include "pipeline/search/search_json.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "data/datasets/video_id.h"

namespace tvr {
namespace {

using nlohmann::json;

double seconds(Micros time) { return std::chrono::duration<double>(time).count(); }

json json_of(const SearchHit& hit) {
  json found_by = json::array();
  if (hit.by_pictures) found_by.push_back("pictures");
  if (!hit.line.empty()) found_by.push_back("subtitles");
  json result = {
      {"video", video_text(hit.source.id)}, {"score", hit.score}, {"start", seconds(hit.span.start)},
      {"end", seconds(hit.span.end)},       {"whole", hit.whole}, {"length", seconds(hit.length)},
      {"found_by", std::move(found_by)}};
  if (!hit.line.empty()) {
    result["line"] = {
        {"text", hit.line}, {"start", seconds(hit.line_span.start)}, {"end", seconds(hit.line_span.end)}};
  }
  return result;
}

}  // namespace

json json_of(const SearchQuery& query, const SearchAnswer& answer) {
  json hits = json::array();
  for (const SearchHit& hit : answer.hits) hits.push_back(json_of(hit));
  json result = {{"query", query.sentence},
                 {"understood", answer.understood},
                 {"unknown", answer.unknown},
                 {"guessed", answer.guessed},
                 {"results", std::move(hits)}};
  if (std::string note = note_on(answer); !note.empty()) result["note"] = std::move(note);
  return result;
}

}  // namespace tvr

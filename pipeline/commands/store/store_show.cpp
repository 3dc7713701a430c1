#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "data/json_text.h"
#include "data/store/feature_store.h"
#include "data/store/store_inspector.h"
#include "pipeline/commands/store/store_command.h"
#include "pipeline/commands/store/store_row.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/sparkline.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

using nlohmann::json;

struct ShowArguments : StoreArguments {
  std::string video;
};

double dot(const float* a, const float* b, std::int64_t count) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

/// What the rows of a lane look like over time.
struct Course {
  std::vector<double> norms;    // of each row
  std::vector<double> changes;  // from each row to the next: 1 - cosine
};

Course course_of(const Matrix& rows) {
  Course course;
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    course.norms.push_back(std::sqrt(dot(rows.row(i), rows.row(i), rows.cols())));
    if (i == 0) continue;
    const double scale = course.norms[course.norms.size() - 2] * course.norms.back();
    const double cosine = scale > 0 ? dot(rows.row(i - 1), rows.row(i), rows.cols()) / scale : 0;
    course.changes.push_back(std::max(0.0, 1 - cosine));
  }
  return course;
}

json json_of(const FeatureSequence& features, const Course& course) {
  json spans = json::array();
  for (const TimeSpan& span : features.times) {
    spans.push_back(
        {static_cast<double>(span.start.count()) / 1e6, static_cast<double>(span.end.count()) / 1e6});
  }
  return {{"spans_s", spans}, {"norms", course.norms}, {"changes", course.changes}};
}

void print_line(const std::string& key, const std::string& value) {
  fmt::print("  {:<12} {}\n", key, printable(value));
}

void print_course(const char* name, const std::vector<double>& values, const char* what) {
  constexpr std::size_t kCells = 60;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  print_line(name, sparkline(values, kCells));
  print_line("", fmt::format("{:.3g} to {:.3g}, {}", *low, *high, what));
}

double seconds_of(Micros time) { return static_cast<double>(time.count()) / 1e6; }

void print_features(const FeatureSequence& features, const Course& course) {
  const TimeSpan first = features.times.front(), last = features.times.back();
  const bool timed = last.end.count() > 0;
  print_line("times",
             timed ? fmt::format("{} to {}, the first row {:.3f} s", seconds_text(seconds_of(first.start)),
                                 seconds_text(seconds_of(last.end)), seconds_of(first.end - first.start))
                   : "unknown");
  print_course("norm", course.norms, "of each row");
  if (!course.changes.empty())
    print_course("change", course.changes, "1 - cosine, from each row to the next");
}

void print_outcome(const OutcomeRow& row, const Recipe& recipe) {
  fmt::print("\nlane {}: {}\n", printable(row.lane), printable(row.status));
  if (!row.message.empty()) print_line("message", row.message);
  print_line("rows", fmt::format("{} of {} columns", row.feature_rows, row.dim));
  if (row.status == kStatuses.name(Status::Imported)) {
    print_line("imported", row.finished_at);
  } else {
    const std::string expected = row.expected_frames > 0 ? fmt::format("{}", row.expected_frames) : "unknown";
    print_line(
        "frames",
        fmt::format("{} decoded, {} expected{}", row.decoded_frames, expected,
                    row.first_frame_only ? "; too short for the lane's frame rate: its first frame" : ""));
    print_line("work", fmt::format("{} for {} of video, finished {}", seconds_text(row.seconds),
                                   seconds_text(row.duration_s), row.finished_at));
  }
  print_line("tried", row.content.empty() ? "the file could not be read" : "content " + row.content);
  print_line("recipe", row.recipe);
  print_line("", recipe.text);
  print_line("", "weights " + recipe.weights);
}

void print_video(const VideoRow& video) {
  const SourceFingerprint& file = video.fingerprint;
  fmt::print("{}\n", video_line(video.source.id));
  print_line("file", video.source.path.empty() ? "unknown" : video.source.path.string());
  if (file.content.empty()) return;
  print_line("size", bytes_text(static_cast<double>(file.bytes)));
  print_line("content", "sha256 " + file.content);
}

json json_of(const VideoRow& video) {
  return {{"video", video_text(video.source.id)},
          {"path", video.source.path.string()},
          {"bytes", video.fingerprint.bytes},
          {"content", video.fingerprint.content}};
}

int show(const ShowArguments& arguments) {
  const FeatureStore store(arguments.store);
  const std::optional<std::string> id = store.id_of_name(arguments.video);
  if (!id) {
    throw Error(Fault::NotFound, arguments.store.string(), "no video '" + arguments.video + "'",
                "`pipeline store ls` lists them");
  }
  const auto known = store.known(*id);
  OutcomeFilter filter;
  filter.id = *id;
  json all = json_of(known->video);
  all["lanes"] = json::array();
  if (!arguments.json) print_video(known->video);
  const std::vector<RecipeRow> recipes = store.recipes();
  for (const OutcomeRow& row : StoreInspector(arguments.store).outcomes(filter)) {
    const auto recipe = std::find_if(recipes.begin(), recipes.end(),
                                     [&](const RecipeRow& r) { return r.id == row.recipe_row; });
    const auto features = store.read(row.video, row.recipe_row);
    const Course course = features ? course_of(features->values) : Course{};
    json lane = json_of(row);
    lane["recipe_text"] = recipe->recipe.text;
    lane["weights"] = recipe->recipe.weights;
    if (features) lane.update(json_of(*features, course));
    all["lanes"].push_back(std::move(lane));
    if (arguments.json) continue;
    print_outcome(row, recipe->recipe);
    if (features) print_features(*features, course);
  }
  if (arguments.json) fmt::print("{}\n", json_text(all));
  return kDone;
}

}  // namespace

void add_store_show(CLI::App& store, int& exit_code) {
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App* command = add_store_subcommand(
      store, "show", "Show all that is known about a video, with a plot of its rows over time",
      "show features.db video7010", *arguments);
  command->add_option("video", arguments->video, "name of the video; one that begins with '-' after --")
      ->required();
  command->callback([arguments, &exit_code] { exit_code = show(*arguments); });
}

}  // namespace tvr

#include "pipeline/localization/localization_report.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "model/step_assignment.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr double kPercent = 100;
constexpr std::size_t kExamples = 3;

/// One way to place the steps.
struct Way {
  const char* name;
  const StepFigures Localization::*figures;
};
constexpr std::array kWays = {Way{"model", &Localization::model}, Way{"uniform", &Localization::uniform},
                              Way{"random", &Localization::random}};

/// One way to count.
struct Count {
  const char* name;   // in JSON
  const char* title;  // of the model's column
  double StepRecall::*recall;
};
constexpr std::array kCounts = {Count{"pooled", "pooled", &StepRecall::pooled},
                                Count{"by_video", "by video", &StepRecall::by_video}};

std::string percent(double recall) {
  return std::isnan(recall) ? "-" : fmt::format("{:.1f}", kPercent * recall);
}

/// `cell(figures, recall)` for each column of figures.
template <class Cell>
std::vector<std::string> row_of(const Localization& result, std::string title, std::string videos,
                                const Cell& cell) {
  std::vector<std::string> row = {std::move(title), std::move(videos)};
  for (const Count& count : kCounts)
    for (const Way& way : kWays) row.push_back(cell(result.*way.figures, count.recall));
  return row;
}

std::vector<std::size_t> videos_of_tasks(const CrossTask& data, const Localization& result) {
  std::vector<std::size_t> videos(data.tasks.size());
  for (const LocatedVideo& video : result.videos) ++videos[video.task];
  return videos;
}

nlohmann::json json_of(const StepRecall& recall, const StepRecall& low, const StepRecall& high) {
  nlohmann::json json;
  for (const Count& count : kCounts) {
    json[count.name] = kPercent * recall.*count.recall;
    json["interval_95"][count.name] = {kPercent * low.*count.recall, kPercent * high.*count.recall};
  }
  return json;
}

/// "12 videos have no ...: a, b, c, ..."
void add_sentence(std::vector<std::string>& sentences, const std::vector<std::string>& videos,
                  const char* what) {
  if (videos.empty()) return;
  std::string names;
  for (std::size_t i = 0; i < std::min(videos.size(), kExamples); ++i)
    names += (i == 0 ? "" : ", ") + videos[i];
  sentences.push_back(
      fmt::format("{} {} ({}{})", videos.size(), what, names, videos.size() > kExamples ? ", ..." : ""));
}

}  // namespace

std::string table_of(const CrossTask& data, const Localization& result) {
  using Align = Table::Align;
  std::vector<Table::Column> columns = {{"recall of steps, %"}, {"videos", Align::Right}};
  for (const Count& count : kCounts)
    for (const Way& way : kWays)
      columns.push_back({&way == &kWays.front() ? count.title : way.name, Align::Right});
  Table table(columns);
  const std::vector<std::size_t> videos = videos_of_tasks(data, result);
  std::size_t tasks = 0;
  for (std::size_t i = 0; i < data.tasks.size(); ++i) {
    if (videos[i] == 0) continue;
    tasks += std::isnan(result.model.recalls.tasks[i].pooled) ? 0 : 1;
    table.add(row_of(result, data.tasks[i].title, std::to_string(videos[i]),
                     [i](const StepFigures& figures, double StepRecall::*recall) {
                       return percent(figures.recalls.tasks[i].*recall);
                     }));
  }
  table.add(row_of(result, fmt::format("mean over {} tasks", tasks), std::to_string(result.videos.size()),
                   [](const StepFigures& figures, double StepRecall::*recall) {
                     return percent(figures.recalls.mean.*recall);
                   }));
  table.add(row_of(result, "  95 % interval", "", [](const StepFigures& figures, double StepRecall::*recall) {
    return percent(figures.interval.low.mean.*recall) + "-" + percent(figures.interval.high.mean.*recall);
  }));
  return table.text();
}

nlohmann::json json_of(const CrossTask& data, const Localization& result) {
  nlohmann::json json;
  const std::vector<std::size_t> videos = videos_of_tasks(data, result);
  json["tasks"] = nlohmann::json::array();
  for (std::size_t i = 0; i < data.tasks.size(); ++i) {
    nlohmann::json task = {{"task", data.tasks[i].id},
                           {"title", data.tasks[i].title},
                           {"steps", data.tasks[i].steps.size()},
                           {"videos", videos[i]}};
    for (const Way& way : kWays) {
      const StepFigures& figures = result.*way.figures;
      task[way.name] =
          json_of(figures.recalls.tasks[i], figures.interval.low.tasks[i], figures.interval.high.tasks[i]);
    }
    json["tasks"].push_back(std::move(task));
  }
  for (const Way& way : kWays) {
    const StepFigures& figures = result.*way.figures;
    json["mean"][way.name] =
        json_of(figures.recalls.mean, figures.interval.low.mean, figures.interval.high.mean);
  }
  json["videos"] = result.videos.size();
  json["left_out"] = {{"without_features", result.without_features},
                      {"without_annotation", result.without_annotation}};
  json["too_short"] = result.too_short;
  json["without_steps"] = result.without_steps;
  return json;
}

std::vector<std::string> sentences_of(const CrossTask& data, const Localization& result) {
  std::vector<std::string> sentences;
  add_sentence(sentences, result.without_annotation, "videos are left out: they have no annotation");
  add_sentence(sentences, result.without_features, "videos are left out: they have no features or scores");
  add_sentence(sentences, result.too_short, "videos have fewer frames than steps");
  add_sentence(sentences, result.without_steps, "videos show no step, by their annotation, and do not count");
  std::vector<std::string> tasks;
  for (std::size_t i = 0; i < data.tasks.size(); ++i)
    if (std::isnan(result.model.recalls.tasks[i].pooled)) tasks.push_back(data.tasks[i].title);
  add_sentence(sentences, tasks, "tasks have no video with a step and are left out of the mean");
  return sentences;
}

std::vector<PlacedStep> placed_steps(const CrossTask& data, const Localization& result) {
  std::vector<PlacedStep> steps;
  for (const LocatedVideo& video : result.videos) {
    for (std::size_t j = 0; j < video.steps.size(); ++j) {
      const StepPlace& place = video.steps[j];
      PlacedStep step{video.video.name,
                      video.video.task,
                      static_cast<std::int64_t>(j),
                      data.tasks[video.task].steps[j],
                      std::nullopt,
                      static_cast<double>(place.score),
                      place.hit};
      if (place.frame != kNone) step.second = place.frame;
      steps.push_back(std::move(step));
    }
  }
  return steps;
}

}  // namespace tvr

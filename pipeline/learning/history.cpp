#include "pipeline/learning/history.h"

#include <chrono>
#include <utility>

#include "data/json_text.h"
#include "pipeline/learning/evaluation.h"

namespace tvr {
namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::vector<std::pair<std::string, float>> curves_of(const EpochReport& report) {
  std::vector<std::pair<std::string, double>> points;
  if (report.epoch > 0) points = {{"train/loss", report.loss}, {"train/lr", report.lr}};
  if (const auto& val = report.val_t2v) {
    for (std::size_t m = 0; m < val->values.size(); ++m)
      points.emplace_back(std::string("val/t2v/") + val->table()[m].name, val->values[m]);
  }
  return {points.begin(), points.end()};
}

}  // namespace

History::History(const RunFolder& folder) : path_(folder.history()), events_(folder.events()) {
  if (!std::filesystem::exists(path_)) return;
  for (nlohmann::json& line : json_lines(read_text(path_))) {
    const nlohmann::json epoch = line.value("epoch", nlohmann::json());
    if (epoch.is_number_integer()) lines_[epoch.get<int>()] = std::move(line);
  }
}

void History::add(const EpochReport& report) {
  nlohmann::json line = {
      {"epoch", report.epoch}, {"loss", report.loss}, {"lr", report.lr}, {"seconds", report.seconds}};
  if (report.val_t2v) line["val"] = {{"t2v", json_of(*report.val_t2v)}};
  nlohmann::json& kept = lines_[report.epoch];
  if (kept.contains("sets")) line["sets"] = std::move(kept["sets"]);
  kept = std::move(line);
  write();
  events_.add(report.epoch, now_s(), curves_of(report));
}

void History::add_sets(int epoch, const std::vector<EvalSetMetrics>& sets) {
  nlohmann::json& line = lines_[epoch];
  line["epoch"] = epoch;
  std::vector<std::pair<std::string, float>> curves;
  for (const EvalSetMetrics& set : sets) {
    line["sets"][set.name]["t2v"] = json_of(set.t2v);
    for (std::size_t m = 0; m < set.t2v.values.size(); ++m)
      curves.emplace_back(set.name + "/t2v/" + set.t2v.table()[m].name,
                          static_cast<float>(set.t2v.values[m]));
  }
  write();
  events_.add(epoch, now_s(), curves);
}

void History::write() const {
  std::string text;
  for (const auto& [epoch, line] : lines_) text += json_line(line) + '\n';
  write_text(path_, text);
}

}  // namespace tvr

#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "model/epoch_report.h"
#include "pipeline/learning/eval_sets.h"
#include "pipeline/learning/event_file.h"
#include "pipeline/run/run_folder.h"

namespace tvr {

/// The training curves: history.jsonl, one line per epoch, and the same for TensorBoard. A resumed training
/// reports its epochs again from the first; the lines of epochs that it has not reached yet are kept, as are
/// the metrics of further data sets.
class History {
 public:
  explicit History(const RunFolder& folder);
  void add(const EpochReport& report);
  /// The metrics of further data sets with the weights after `epoch`; 0: before the first.
  void add_sets(int epoch, const std::vector<EvalSetMetrics>& sets);

 private:
  void write() const;

  std::filesystem::path path_;
  std::map<int, nlohmann::json> lines_;
  EventFile events_;
};

}  // namespace tvr

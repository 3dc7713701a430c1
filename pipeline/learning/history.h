#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/epoch_report.h"
#include "pipeline/learning/event_file.h"
#include "pipeline/run/run_folder.h"

namespace tvr {

/// The training curves: history.jsonl, one line per epoch, and the same for TensorBoard. A resumed training
/// reports its epochs again from the first; the lines of epochs that it has not reached yet are kept.
class History {
 public:
  explicit History(const RunFolder& folder);
  void add(const EpochReport& report);

 private:
  std::filesystem::path path_;
  std::map<int, std::string> lines_;
  EventFile events_;
};

}  // namespace tvr

#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/trainer.h"
#include "pipeline/learning/event_file.h"
#include "pipeline/run/run_folder.h"

namespace tvr {

/// The curves of a training, epoch by epoch: history.jsonl, a line an epoch, and the same for TensorBoard. A
/// training that goes on tells its epochs again from the first; lines of epochs it has not come to stay.
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

#include "pipeline/commands/store/store_row.h"

#include <nlohmann/json.hpp>

#include "data/datasets/video_id.h"

namespace tvr {

nlohmann::json json_of(const OutcomeRow& row) {
  return {{"video", video_text(row.video)},
          {"lane", row.lane},
          {"recipe", row.recipe},
          {"status", row.status},
          {"message", row.message},
          {"path", row.path},
          {"content", row.content},
          {"finished_at", row.finished_at},
          {"feature_rows", row.feature_rows},
          {"dim", row.dim},
          {"decoded_frames", row.decoded_frames},
          {"expected_frames", row.expected_frames},
          {"duration_s", row.duration_s},
          {"seconds", row.seconds},
          {"first_frame_only", row.first_frame_only}};
}

}  // namespace tvr

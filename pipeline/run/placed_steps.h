#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// When a step of a task happens in a video.
struct PlacedStep {
  std::string video;      // its name
  std::string task;       // its id; empty: none
  std::int64_t step = 0;  // from 0; the file counts from 1
  std::string name;
  std::optional<double> second;  // nullopt: the video is too short for all steps
  double score = 0;              // at that second
  std::optional<bool> hit;       // nullopt: the video does not show the step, or nobody knows
};

/// CSV `video,task,step,second,score,hit,name`, a line per step; second and score are empty without a second,
/// hit is 1, 0 or empty.
[[nodiscard]] std::string placed_steps_csv(const std::vector<PlacedStep>& steps);

/// Reads such a file, as untrusted input: its columns by name. Throws Error(Corrupt | NotFound) naming file
/// and line, and what read_text_file() throws.
[[nodiscard]] std::vector<PlacedStep> read_placed_steps(const std::filesystem::path& file);
/// The same for `text`; `name` stands for the file in messages.
[[nodiscard]] std::vector<PlacedStep> parse_placed_steps(const std::string& name, std::string_view text);

}  // namespace tvr

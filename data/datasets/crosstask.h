#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

// CrossTask (Zhukov et al., CVPR 2019): videos of tasks that are done in steps, and where each step is seen.

/// A task and its steps in their order.
struct CrossTaskTask {
  std::string id, title;
  std::vector<std::string> steps;  // at least one; a name may be there twice
};

/// A video that shows a task, by its name at YouTube. One video may be listed with several tasks.
struct CrossTaskVideo {
  std::string task, name;

  friend bool operator==(const CrossTaskVideo& a, const CrossTaskVideo& b) noexcept {
    return a.task == b.task && a.name == b.name;
  }
};

/// Where an annotator saw a step.
struct StepSegment {
  std::int32_t step = 0;  // counted from 0; the files count from 1
  double start_s = 0, end_s = 0;
};

/// The release's primary tasks, those that are annotated, and their videos.
struct CrossTask {
  std::vector<CrossTaskTask> tasks;
  std::vector<CrossTaskVideo> videos;    // in the order of the list
  std::vector<CrossTaskVideo> held_out;  // for validation

  /// The place of a task in `tasks`. Throws Error(NotFound).
  [[nodiscard]] std::size_t task_index(const std::string& id) const;
};

/// Reads tasks_primary.txt, videos.csv and videos_val.csv in `folder`; if tasks_related.txt is there, the
/// videos must be of the tasks of either list. Throws what the parsers below and read_text_file() throw, and
/// Error(Mismatch).
[[nodiscard]] CrossTask read_crosstask(const std::filesystem::path& folder);

/// The videos that are for testing when `training` videos of each primary task are for training, as
/// CrossTask's train.py and MMPT (VideoCLIP) draw them with numpy's generator: of the videos that are not
/// held out, 30 at random; a task that has no more than that many has no test video. Seed 0 gives the split
/// of MMPT, 1,850 videos of the release. In the order of the list.
[[nodiscard]] std::vector<CrossTaskVideo> crosstask_test_videos(const CrossTask& data, std::uint32_t seed = 0,
                                                                std::uint32_t training = 30);

/// The annotation of a video in the release's folder, annotations/TASK_VIDEO.csv; nullopt if there is none.
/// Throws what parse_crosstask_annotation() and read_text_file() throw.
[[nodiscard]] std::optional<std::vector<StepSegment>> read_crosstask_annotation(
    const std::filesystem::path& folder, const CrossTaskVideo& video, std::size_t steps);

/// "TASK_VIDEO", as the release calls the files of a video.
[[nodiscard]] std::string file_stem(const CrossTaskVideo& video);

// The texts of the files; `name` stands for the file in messages. All throw Error(Corrupt) naming file and
// line for what is not of the form, Error(Unsupported) for text that is not UTF-8.

/// Blocks of five lines and an empty one: id, title, URL, number of steps, the names of the steps separated
/// by commas.
[[nodiscard]] std::vector<CrossTaskTask> parse_crosstask_tasks(const std::string& name,
                                                               std::string_view text);
/// Lines of task, video, URL; no header.
[[nodiscard]] std::vector<CrossTaskVideo> parse_crosstask_videos(const std::string& name,
                                                                 std::string_view text);
/// Lines of step (1 to `steps`), start and end in seconds; no header, in any order. A step may be there
/// several times, or not at all.
[[nodiscard]] std::vector<StepSegment> parse_crosstask_annotation(const std::string& name,
                                                                  std::string_view text, std::size_t steps);

}  // namespace tvr

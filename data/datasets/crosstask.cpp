#include "data/datasets/crosstask.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "data/error.h"
#include "data/numpy_random.h"
#include "data/text_file.h"

namespace tvr {
namespace {

constexpr std::uintmax_t kMostListBytes = std::uintmax_t{64} << 20;
constexpr std::size_t kMostSteps = 1000;
constexpr double kMostSeconds = 1e9;

/// The lines of a text, one after the other, without what surrounds them.
class Lines {
 public:
  Lines(const std::string& name, std::string_view text) : name_(name), rest_(text) {
    if (text.find('\0') != std::string_view::npos)
      throw Error(Fault::Corrupt, name, "there is a NUL byte; this is not a text file");
    if (find_invalid_utf8(text) != std::string_view::npos)
      throw Error(Fault::Unsupported, name, "it is not UTF-8 text", "Save the file as UTF-8");
  }

  /// False at the end.
  bool next() {
    if (rest_.empty()) return false;
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    text_ = trim(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++number_;
    return true;
  }
  bool next_that_is_not_blank() {
    while (next())
      if (!text_.empty()) return true;
    return false;
  }

  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[noreturn]] void refuse(const std::string& seen, const std::string& advice = {}) const {
    throw Error(Fault::Corrupt, fmt::format("{}:{}", name_, number_), seen, advice);
  }

 private:
  const std::string& name_;
  std::string_view rest_, text_;
  std::int64_t number_ = 0;
};

/// The cells of a line; the last one takes what is left, commas included.
template <std::size_t Count>
std::array<std::string_view, Count> cells_of(const Lines& line, const char* wanted) {
  std::array<std::string_view, Count> cells;
  std::string_view rest = line.text();
  for (std::size_t i = 0; i < Count; ++i) {
    const std::size_t comma = i + 1 < Count ? rest.find(',') : rest.size();
    if (comma == std::string_view::npos)
      line.refuse(fmt::format("the line has {} of {} cells: '{}'", i + 1, Count, line.text()), wanted);
    cells[i] = trim(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return cells;
}

template <class Number>
Number number_of(const Lines& line, std::string_view cell, const char* what, Number low, Number high) {
  Number value{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !(value >= low && value <= high))
    line.refuse(fmt::format("the {} is '{}', wanted a number from {} to {}", what, cell, low, high));
  return value;
}

/// A name that can be a part of a file's: the release has "TASK_VIDEO.csv".
std::string file_name(const Lines& line, std::string_view cell, const char* what) {
  if (cell.empty() || cell.find('/') != std::string_view::npos)
    line.refuse(fmt::format("the {} is '{}', wanted a name without slashes", what, cell));
  return std::string(cell);
}

std::string required(const Lines& line, const char* what) {
  if (line.text().empty()) line.refuse(fmt::format("the {} is empty", what));
  return std::string(line.text());
}

std::vector<std::string> step_names(const Lines& line) {
  std::vector<std::string> names;
  for (std::string_view rest = line.text(); names.size() <= kMostSteps;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    names.emplace_back(trim(rest.substr(0, comma)));
    if (names.back().empty()) line.refuse(fmt::format("the name of step {} is empty", names.size()));
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  return names;
}

std::string read_list(const std::filesystem::path& path) { return read_text_file(path, kMostListBytes); }

std::vector<CrossTaskTask> read_tasks(const std::filesystem::path& path) {
  return parse_crosstask_tasks(path.string(), read_list(path));
}

std::vector<CrossTaskVideo> read_videos(const std::filesystem::path& path) {
  return parse_crosstask_videos(path.string(), read_list(path));
}

bool has_task(const std::vector<CrossTaskTask>& tasks, const std::string& id) {
  return std::any_of(tasks.begin(), tasks.end(), [&](const CrossTaskTask& task) { return task.id == id; });
}

}  // namespace

std::vector<CrossTaskTask> parse_crosstask_tasks(const std::string& name, std::string_view text) {
  std::vector<CrossTaskTask> tasks;
  std::set<std::string> seen;
  Lines line(name, text);
  const auto continued = [&](const char* what) {
    if (!line.next())
      line.refuse(fmt::format("the file ends in a task, before its {}", what),
                  "A task has five lines: id, title, URL, number of steps, names of the steps");
  };
  while (line.next_that_is_not_blank()) {
    CrossTaskTask task;
    task.id = file_name(line, line.text(), "id of the task");
    if (!seen.insert(task.id).second) line.refuse(fmt::format("the task '{}' is there twice", task.id));
    continued("title");
    task.title = required(line, "title");
    continued("URL");
    continued("number of steps");
    const auto count = number_of<std::size_t>(line, line.text(), "number of steps", 1, kMostSteps);
    continued("steps");
    task.steps = step_names(line);
    if (task.steps.size() != count)
      line.refuse(
          fmt::format("there are {} names of steps, the line before says {}", task.steps.size(), count));
    tasks.push_back(std::move(task));
  }
  if (tasks.empty()) throw Error(Fault::Corrupt, name, "it has no task");
  return tasks;
}

std::vector<CrossTaskVideo> parse_crosstask_videos(const std::string& name, std::string_view text) {
  std::vector<CrossTaskVideo> videos;
  std::set<std::pair<std::string, std::string>> seen;
  Lines line(name, text);
  while (line.next_that_is_not_blank()) {
    const auto cells = cells_of<3>(line, "A line has task, video, URL");
    videos.push_back({file_name(line, cells[0], "task"), file_name(line, cells[1], "video")});
    if (!seen.emplace(videos.back().task, videos.back().name).second)
      line.refuse(fmt::format("the video '{}' of task {} is there twice", cells[1], cells[0]));
  }
  if (videos.empty()) throw Error(Fault::Corrupt, name, "it has no video");
  return videos;
}

std::vector<StepSegment> parse_crosstask_annotation(const std::string& name, std::string_view text,
                                                    std::size_t steps) {
  std::vector<StepSegment> segments;
  Lines line(name, text);
  while (line.next_that_is_not_blank()) {
    const auto cells = cells_of<3>(line, "A line has step, start and end in seconds");
    StepSegment segment;
    segment.step = number_of(line, cells[0], "step", 1, static_cast<std::int32_t>(steps)) - 1;
    segment.start_s = number_of(line, cells[1], "start", 0.0, kMostSeconds);
    segment.end_s = number_of(line, cells[2], "end", 0.0, kMostSeconds);
    if (segment.end_s < segment.start_s)
      line.refuse(
          fmt::format("the step ends at {} s, before its start at {} s", segment.end_s, segment.start_s));
    segments.push_back(segment);
  }
  return segments;
}

std::string file_stem(const CrossTaskVideo& video) { return video.task + '_' + video.name; }

std::size_t CrossTask::task_index(const std::string& id) const {
  const auto found =
      std::find_if(tasks.begin(), tasks.end(), [&](const CrossTaskTask& task) { return task.id == id; });
  if (found == tasks.end())
    throw Error(Fault::NotFound, "CrossTask", fmt::format("there is no primary task '{}'", id));
  return static_cast<std::size_t>(found - tasks.begin());
}

CrossTask read_crosstask(const std::filesystem::path& folder) {
  CrossTask data;
  data.tasks = read_tasks(folder / "tasks_primary.txt");
  const std::filesystem::path related = folder / "tasks_related.txt", list = folder / "videos.csv";
  std::vector<CrossTaskTask> others;
  if (std::filesystem::exists(related)) others = read_tasks(related);
  for (CrossTaskVideo& video : read_videos(list)) {
    const bool is_primary = has_task(data.tasks, video.task);
    if (!is_primary && !others.empty() && !has_task(others, video.task))
      throw Error(Fault::Mismatch, list.string(),
                  fmt::format("the video '{}' is of task '{}', which neither list of tasks has", video.name,
                              video.task));
    if (is_primary) data.videos.push_back(std::move(video));
  }
  data.held_out = read_videos(folder / "videos_val.csv");
  return data;
}

std::vector<CrossTaskVideo> crosstask_test_videos(const CrossTask& data, std::uint32_t seed,
                                                  std::uint32_t training) {
  std::vector<std::string> order;  // tasks by their first line, held out or not: this is how they are drawn
  std::map<std::string, std::vector<std::size_t>> videos_of;
  for (std::size_t i = 0; i < data.videos.size(); ++i) {
    const CrossTaskVideo& video = data.videos[i];
    const auto [of_task, is_new] = videos_of.try_emplace(video.task);
    if (is_new) order.push_back(video.task);
    if (std::find(data.held_out.begin(), data.held_out.end(), video) == data.held_out.end())
      of_task->second.push_back(i);
  }
  NumpyRandom random(seed);
  std::vector<bool> is_test(data.videos.size());
  for (const std::string& task : order) {
    const std::vector<std::size_t>& videos = videos_of.at(task);
    if (videos.size() <= training) continue;
    const std::vector<std::uint32_t> drawn = random.permutation(static_cast<std::uint32_t>(videos.size()));
    for (std::size_t i = training; i < drawn.size(); ++i) is_test[videos[drawn[i]]] = true;
  }
  std::vector<CrossTaskVideo> test;
  for (std::size_t i = 0; i < data.videos.size(); ++i)
    if (is_test[i]) test.push_back(data.videos[i]);
  return test;
}

std::optional<std::vector<StepSegment>> read_crosstask_annotation(const std::filesystem::path& folder,
                                                                  const CrossTaskVideo& video,
                                                                  std::size_t steps) {
  const std::filesystem::path file = folder / "annotations" / (file_stem(video) + ".csv");
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown)) return std::nullopt;
  return parse_crosstask_annotation(file.string(), read_list(file), steps);
}

}  // namespace tvr

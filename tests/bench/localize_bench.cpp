// Seconds to place the steps of all videos of CrossTask from scores that lie in files, and to count recall
// with its intervals:
//   localize_bench [CROSSTASK]
// CROSSTASK holds the release's tasks_primary.txt, videos.csv and videos_val.csv; without it, lists of the
// same size are made up. Scores and annotations are random: videos of 60 to 534 s, as long as the release's
// on average (4 min 57 s), and two of three steps annotated once.
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "data/tensors/npy.h"
#include "model/random.h"
#include "pipeline/localization/localization.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kShortest = 60, kLengths = 475;

void make_lists(const fs::path& folder) {
  constexpr int kTasks = 18, kVideos = 2750;
  std::string tasks, videos;
  for (int task = 0; task < kTasks; ++task) {
    const int steps = 5 + task % 7;
    tasks += std::to_string(task) + "\ntask\nurl\n" + std::to_string(steps) + "\n";
    for (int j = 0; j < steps; ++j) tasks += (j == 0 ? "step " : ",step ") + std::to_string(j);
    tasks += "\n\n";
  }
  for (int video = 0; video < kVideos; ++video)
    videos += std::to_string(video % kTasks) + ",video" + std::to_string(video) + ",url\n";
  testing::write_file(folder / "tasks_primary.txt", tasks);
  testing::write_file(folder / "videos.csv", videos);
  testing::write_file(folder / "videos_val.csv", "0,video0,url\n");
}

/// Scores and annotation of one video.
void make_video(const CrossTask& data, std::size_t number, const fs::path& folder) {
  const CrossTaskVideo& video = data.videos[number];
  const CounterRandom random(1, RandomUse::Weights, number);
  const auto steps = static_cast<std::int64_t>(data.tasks[data.task_index(video.task)].steps.size());
  const auto frames = static_cast<std::int64_t>(kShortest + random.below(kLengths, 0));
  std::vector<float> scores(static_cast<std::size_t>(frames * steps));
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = random.uniform(i + 1);
  write_npy(folder / "scores" / (file_stem(video) + ".npy"),
            Tensor::from_floats({frames, steps}, scores.data()));
  std::string annotation;
  for (std::int64_t j = 0; j < steps; ++j) {
    if (j % 3 == 2) continue;
    const std::int64_t start = (2 * j + 1) * frames / (2 * steps);
    annotation +=
        std::to_string(j + 1) + "," + std::to_string(start) + ".3," + std::to_string(start + 8) + ".6\n";
  }
  testing::write_file(folder / "annotations" / (file_stem(video) + ".csv"), annotation);
}

int bench(const char* lists) {
  const testing::TempFolder folder;
  if (lists == nullptr) {
    make_lists(folder.path());
  } else {
    for (const char* const list : {"tasks_primary.txt", "videos.csv", "videos_val.csv"})
      fs::copy_file(fs::path(lists) / list, folder / list);
  }
  const CrossTask data = read_crosstask(folder.path());
  fs::create_directories(folder / "scores");
  for (std::size_t i = 0; i < data.videos.size(); ++i) make_video(data, i, folder.path());
  for (const StepOrder order : {StepOrder::Steps, StepOrder::Free}) {
    const auto begin = std::chrono::steady_clock::now();
    const Localization result =
        localize(data, data.videos, folder.path(), scores_in_folder(folder / "scores", data),
                 {StepScores::LogSoftmax, order});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf("%zu videos from files, log-softmax, order %s: %.2f s\n", result.videos.size(),
                kStepOrders.name(order), seconds);
  }
  std::vector<Matrix> scores;
  const ScoresOf in_folder = scores_in_folder(folder / "scores", data);
  for (const CrossTaskVideo& video : data.videos)
    scores.push_back(*in_folder(video, data.task_index(video.task)));
  const auto begin = std::chrono::steady_clock::now();
  std::size_t steps = 0;
  for (const Matrix& one : scores) steps += place_steps(one, {}).size();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%zu steps of %zu videos placed in order from memory: %.3f s\n", steps, scores.size(), seconds);
  return 0;
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  try {
    return tvr::bench(argc > 1 ? argv[1] : nullptr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

#include "pipeline/demo/narrated_demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "data/error.h"
#include "extract/media/av_log.h"
#include "pipeline/demo/demo_captions.h"
#include "pipeline/demo/demo_drawing.h"
#include "pipeline/demo/demo_folder.h"
#include "pipeline/demo/demo_random.h"
#include "pipeline/demo/demo_scene.h"
#include "pipeline/demo/video_writer.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

/// Incremented whenever equal options give different files than before.
constexpr int kVersion = 1;

constexpr int kParts = 8;  // of a video
constexpr int kSteps = 4;  // of a task
constexpr int kVideosPerTask = 4;
constexpr int kTrainCaptions = 2;  // per part
constexpr int kFps = 25;

constexpr std::uint64_t kPartStreams = 3'000'000'000;
constexpr std::uint64_t kVideoStreams = 4'000'000'000;
constexpr std::uint64_t kOrderStreams = 5'000'000'000;
constexpr int kNoStep = -1;

/// A scene for some seconds of a video.
struct Part {
  DemoScene scene;
  std::uint64_t number = 0;  // of all parts: seeds what the scene does not specify
  double start_s = 0, end_s = 0;
  int step = kNoStep;  // of the video's task
};

struct LongVideo {
  std::string id;
  std::vector<Part> parts;
};

struct Task {
  std::vector<DemoScene> steps;
  std::vector<LongVideo> videos;
};

/// The data set in memory.
struct NarratedDemo {
  std::vector<LongVideo> narrated, captioned;
  std::vector<Task> tasks;
};

/// Hands out scenes that differ, and puts them into videos.
class Planner {
 public:
  Planner(int scenes, std::uint64_t seed) : seed_(seed), scenes_(make_scenes(scenes, 0, seed)) {}

  LongVideo video(std::string id) {
    std::vector<Part> parts(kParts);
    for (Part& part : parts) part.scene = next_scene();
    return timed(std::move(id), std::move(parts));
  }

  Task task(int first_video) {
    Task task;
    for (int i = 0; i < kSteps; ++i) task.steps.push_back(next_scene());
    for (int i = 0; i < kVideosPerTask; ++i) task.videos.push_back(video_of(task, first_video + i));
    return task;
  }

 private:
  DemoScene next_scene() { return scenes_.at(next_scene_++); }

  /// The steps in their order, at random places among other parts.
  LongVideo video_of(const Task& task, int number) {
    DemoRandom random(seed_, kOrderStreams + static_cast<std::uint64_t>(number));
    std::vector<Part> parts(kParts);
    int step = 0;
    for (int i = 0; i < kParts; ++i) {
      Part& part = parts[static_cast<std::size_t>(i)];
      const bool is_step = random.below(kParts - i) < kSteps - step;  // each choice is equally likely
      part.scene = is_step ? task.steps[static_cast<std::size_t>(step)] : next_scene();
      if (is_step) part.step = step++;
    }
    return timed(fmt::format("task{}", number), std::move(parts));
  }

  LongVideo timed(std::string id, std::vector<Part> parts) {
    constexpr double kShortest_s = 5, kLongest_s = 8;
    double time_s = 0;
    for (Part& part : parts) {
      part.number = next_part_++;
      DemoRandom random(seed_, kPartStreams + part.number);
      part.start_s = time_s;
      time_s += std::round(random.between(kShortest_s, kLongest_s) * kFps) / kFps;
      part.end_s = time_s;
    }
    return {std::move(id), std::move(parts)};
  }

  std::uint64_t seed_;
  std::vector<DemoScene> scenes_;
  std::size_t next_scene_ = 0;
  std::uint64_t next_part_ = 0;
};

void validate(const NarratedDemoOptions& options) {
  if (options.videos >= 4 && options.videos <= 10'000) return;
  throw Error(Fault::InvalidArgument, "demo videos",
              std::to_string(options.videos) + " is not between 4 and 10000");
}

NarratedDemo plan(const NarratedDemoOptions& options) {
  const int captioned = std::max(2, options.videos / 10);  // a batch of InfoNCE takes each video once
  const int tasks = std::max(1, options.videos / 10);
  const int scenes =
      kParts * (options.videos + captioned) + tasks * (kSteps + kVideosPerTask * (kParts - kSteps));
  Planner planner(scenes, options.seed);
  NarratedDemo demo;
  for (int i = 0; i < options.videos; ++i)
    demo.narrated.push_back(planner.video(fmt::format("narrated{}", i)));
  for (int i = 0; i < captioned; ++i) demo.captioned.push_back(planner.video(fmt::format("captioned{}", i)));
  for (int i = 0; i < tasks; ++i) demo.tasks.push_back(planner.task(i * kVideosPerTask));
  return demo;
}

std::vector<const LongVideo*> all_videos(const NarratedDemo& demo) {
  std::vector<const LongVideo*> all;
  const auto add = [&](const std::vector<LongVideo>& videos) {
    for (const LongVideo& video : videos) all.push_back(&video);
  };
  add(demo.narrated);
  add(demo.captioned);
  for (const Task& task : demo.tasks) add(task.videos);
  return all;
}

void encode(const LongVideo& video, std::uint64_t seed, const fs::path& path) {
  AvLog log;  // suppresses libx264's statistics
  const AvLog::Listening listening(log);
  VideoWriter writer(path, kDemoWidth_px, kDemoHeight_px, kFps);
  std::vector<std::uint8_t> bgr;
  for (const Part& part : video.parts) {
    const DemoFilm film(part.scene, seed, part.number);
    const auto frames = static_cast<int>(std::lround((part.end_s - part.start_s) * kFps));
    for (int frame = 0; frame < frames; ++frame) {
      film.draw_at(static_cast<double>(frame) / kFps, bgr);
      writer.write(bgr.data());
    }
  }
  writer.finish();
}

struct Line {
  double start_s, end_s;
  std::string text;
};

std::vector<Line> narrate(const LongVideo& video, std::uint64_t seed) {
  constexpr double kMostShift_s = 1.5, kShortest_s = 3, kLongest_s = 6, kTwoLines = 0.5, kAside = 0.25;
  static const std::vector<std::string> kAsides{
      "hello everybody and welcome back",      "do not forget to subscribe to my channel",
      "let me know in the comments",           "so that is it for this one",
      "i really like how it comes out",        "now this is the important thing",
      "you can do this at home with your kids"};
  DemoRandom random(seed, kVideoStreams + video.parts.front().number);
  std::vector<Line> lines;
  const auto add = [&](double start_s, std::string text) {
    start_s = std::round(std::max(0.0, start_s) * 100) / 100;
    lines.push_back({start_s, start_s + std::round(random.between(kShortest_s, kLongest_s) * 100) / 100,
                     std::move(text)});
  };
  for (const Part& part : video.parts) {
    const int count = random.chance(kTwoLines) ? 2 : 1;
    const std::vector<std::string> texts = write_captions(part.scene, count, seed, part.number);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const double middle_s = 0.5 * (part.end_s - part.start_s) * static_cast<double>(i);
      add(part.start_s + middle_s + random.between(-kMostShift_s, kMostShift_s), texts[i]);
    }
    if (random.chance(kAside)) add(random.between(part.start_s, part.end_s), random.pick(kAsides));
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.start_s < b.start_s; });
  return lines;
}

/// caption.json, in which each video has the narration of the one `shift` further on.
std::string narrations_of(const NarratedDemo& demo, std::uint64_t seed, std::size_t shift) {
  const std::vector<LongVideo>& videos = demo.narrated;
  nlohmann::ordered_json narrations;
  for (std::size_t i = 0; i < videos.size(); ++i) {
    nlohmann::ordered_json start = nlohmann::ordered_json::array(), end = start, text = start;
    for (const Line& line : narrate(videos[(i + shift) % videos.size()], seed)) {
      start.push_back(line.start_s);
      end.push_back(line.end_s);
      text.push_back(line.text);
    }
    narrations[videos[i].id] = {{"start", start}, {"end", end}, {"text", text}};
  }
  return narrations.dump() + '\n';
}

std::string captions_of(const NarratedDemo& demo, std::uint64_t seed) {
  std::string csv = "video,caption,start,end,split\n";
  const auto add = [&](const LongVideo& video, const Part& part, int count, const char* split) {
    for (const std::string& caption : write_captions(part.scene, count, seed, part.number))
      csv += fmt::format("{},{},{:.2f},{:.2f},{}\n", video.id, caption, part.start_s, part.end_s, split);
  };
  for (const LongVideo& video : demo.captioned)
    for (const Part& part : video.parts) add(video, part, kTrainCaptions, "train");
  for (const Task& task : demo.tasks)
    for (const LongVideo& video : task.videos)
      for (const Part& part : video.parts)
        if (part.step == kNoStep) add(video, part, 1, "test");
  return csv;
}

void write_crosstask(const NarratedDemo& demo, std::uint64_t seed, const fs::path& folder) {
  fs::create_directories(folder / "annotations");
  std::string tasks, videos;
  for (std::size_t i = 0; i < demo.tasks.size(); ++i) {
    const Task& task = demo.tasks[i];
    tasks += fmt::format("{}\nDemo task {}\ngenerated\n{}\n", i, i, kSteps);
    std::vector<std::string> names(kSteps);
    for (const Part& part : task.videos.front().parts) {
      if (part.step == kNoStep) continue;
      names[static_cast<std::size_t>(part.step)] = write_captions(part.scene, 1, seed, part.number).front();
    }
    tasks += fmt::format("{}\n\n", fmt::join(names, ","));
    for (const LongVideo& video : task.videos) {
      videos += fmt::format("{},{},generated\n", i, video.id);
      std::string annotation;
      for (const Part& part : video.parts) {
        if (part.step != kNoStep)
          annotation += fmt::format("{},{:.2f},{:.2f}\n", part.step + 1, part.start_s, part.end_s);
      }
      write_demo_text(folder / "annotations" / fmt::format("{}_{}.csv", i, video.id), annotation);
    }
  }
  write_demo_text(folder / "tasks_primary.txt", tasks);
  write_demo_text(folder / "videos.csv", videos);
  const LongVideo& held_out = demo.tasks.front().videos.front();  // the list may not be empty
  write_demo_text(folder / "videos_val.csv", fmt::format("0,{},generated\n", held_out.id));
}

}  // namespace

NarratedDemoFiles narrated_demo_files(const fs::path& out) {
  return {out / "videos", out / "caption.json", out / "caption_dealt.json", out / "captions.csv",
          out / "crosstask"};
}

NarratedDemoFiles write_narrated_demo(const fs::path& out, const NarratedDemoOptions& options,
                                      const Progress& progress) {
  validate(options);
  const NarratedDemoFiles files = narrated_demo_files(out);
  claim_demo_folder(
      out,
      nlohmann::json{
          {"kind", "narrated"}, {"version", kVersion}, {"videos", options.videos}, {"seed", options.seed}}
              .dump() +
          '\n');
  const NarratedDemo demo = plan(options);
  const std::vector<const LongVideo*> videos = all_videos(demo);
  std::vector<std::string> names;
  for (const LongVideo* const video : videos) names.push_back(video->id);
  const auto write = [&](std::size_t i, const fs::path& path) { encode(*videos[i], options.seed, path); };
  write_demo_videos(files.videos, names, write, "demo videos", progress);
  write_demo_text(files.narrations, narrations_of(demo, options.seed, 0));
  write_demo_text(files.dealt, narrations_of(demo, options.seed, 1));
  write_demo_text(files.captions, captions_of(demo, options.seed));
  write_crosstask(demo, options.seed, files.crosstask);
  return files;
}

}  // namespace tvr

#include "pipeline/demo/demo.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/error.h"
#include "extract/media/av_log.h"
#include "pipeline/demo/demo_captions.h"
#include "pipeline/demo/demo_drawing.h"
#include "pipeline/demo/demo_folder.h"
#include "pipeline/demo/demo_scene.h"
#include "pipeline/demo/video_writer.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

constexpr int kCaptionsPerClip = 20;  // as in MSR-VTT

/// Incremented whenever equal options give different clips or captions than before.
constexpr int kDemoVersion = 1;

/// The data set in memory.
struct Demo {
  std::vector<DemoScene> scenes;
  std::vector<std::vector<std::string>> captions;  // one list per scene; the first caption is complete
  std::size_t train = 0;                           // number of training scenes; the others are for testing
};

std::string video_id(std::size_t clip) { return "video" + std::to_string(clip); }

void validate(const DemoOptions& options) {
  if (options.clips >= 10 && options.clips <= 100'000) return;
  throw Error(Fault::InvalidArgument, "demo clips",
              std::to_string(options.clips) + " is not between 10 and 100000");
}

Demo plan(const DemoOptions& options) {
  const int test = options.clips / 10 * 2;
  Demo demo;
  demo.train = static_cast<std::size_t>(options.clips - test);
  demo.scenes = make_scenes(options.clips - test, test, options.seed);
  for (std::size_t i = 0; i < demo.scenes.size(); ++i) {
    demo.captions.push_back(write_captions(demo.scenes[i], kCaptionsPerClip, options.seed, i));
  }
  return demo;
}

std::string manifest_of(const DemoOptions& options) {
  return nlohmann::json{{"version", kDemoVersion}, {"clips", options.clips}, {"seed", options.seed}}.dump() +
         '\n';
}

void encode_clip(const DemoFilm& film, const fs::path& path) {
  AvLog log;  // suppresses libx264's statistics
  const AvLog::Listening listening(log);
  VideoWriter writer(path, kDemoWidth_px, kDemoHeight_px, film.fps());
  std::vector<std::uint8_t> bgr;
  for (int frame = 0; frame < film.frames(); ++frame) {
    film.draw(frame, bgr);
    writer.write(bgr.data());
  }
  writer.finish();
}

std::string annotations_of(const Demo& demo) {
  nlohmann::ordered_json videos = nlohmann::ordered_json::array();
  nlohmann::ordered_json sentences = nlohmann::ordered_json::array();
  for (std::size_t clip = 0; clip < demo.scenes.size(); ++clip) {
    videos.push_back({{"category", 0},
                      {"url", ""},
                      {"video_id", video_id(clip)},
                      {"start time", 0.0},
                      {"end time", 0.0},
                      {"split", clip < demo.train ? "train" : "test"},
                      {"id", clip}});
    for (const std::string& caption : demo.captions[clip]) {
      sentences.push_back({{"caption", caption}, {"video_id", video_id(clip)}, {"sen_id", sentences.size()}});
    }
  }
  return nlohmann::ordered_json{
      {"info", {{"description", "generated demo data set"}, {"version", kDemoVersion}}},
      {"videos", std::move(videos)},
      {"sentences", std::move(sentences)}}
      .dump();
}

std::string train_list_of(const Demo& demo) {
  std::string text = "video_id\n";
  for (std::size_t clip = 0; clip < demo.train; ++clip) text += video_id(clip) + '\n';
  return text;
}

std::string test_list_of(const Demo& demo) {
  std::string text = "key,vid_key,video_id,sentence\n";
  for (std::size_t clip = demo.train; clip < demo.scenes.size(); ++clip) {
    const std::string number = std::to_string(clip);
    text += "ret" + std::to_string(clip - demo.train) + ",msr" + number + ",video" + number + ',' +
            demo.captions[clip].front() + '\n';
  }
  return text;
}

}  // namespace

DemoFiles demo_files(const fs::path& out) {
  return {out / "videos", out / "MSRVTT_data.json", out / "train.csv", out / "test.csv"};
}

DemoFiles write_demo(const fs::path& out, const DemoOptions& options, const Progress& progress) {
  validate(options);
  const DemoFiles files = demo_files(out);
  claim_demo_folder(out, manifest_of(options));
  const Demo demo = plan(options);
  std::vector<std::string> names;
  for (std::size_t clip = 0; clip < demo.scenes.size(); ++clip) names.push_back(video_id(clip));
  const auto write = [&](std::size_t clip, const fs::path& path) {
    encode_clip(DemoFilm(demo.scenes[clip], options.seed, clip), path);
  };
  write_demo_videos(files.videos, names, write, "demo clips", progress);
  write_demo_text(files.annotations, annotations_of(demo));
  write_demo_text(files.train, train_list_of(demo));
  write_demo_text(files.test, test_list_of(demo));
  return files;
}

}  // namespace tvr

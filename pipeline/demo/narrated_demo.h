#pragma once

#include <cstdint>
#include <filesystem>

#include "data/progress.h"

namespace tvr {

/// Options of the narrated demo. All of them change the result.
struct NarratedDemoOptions {
  int videos = 40;         // narrated ones, 4 to 10000; those with captions and of tasks are added to them
  std::uint64_t seed = 1;  // equal seeds give equal files on the same machine
};

/// The files that write_narrated_demo() creates.
struct NarratedDemoFiles {
  std::filesystem::path videos;      // folder: narrated0.mp4, ..., captioned0.mp4, ..., task0.mp4, ...
  std::filesystem::path narrations;  // caption.json of HowTo100M, of the narrated videos
  std::filesystem::path dealt;       // the same, each narration given to another video
  std::filesystem::path captions;    // video,caption,start,end,split: few to train on, others to test with
  std::filesystem::path crosstask;   // folder as CrossTask's release: tasks and videos of them
};

/// Paths only; nothing is read or written.
[[nodiscard]] NarratedDemoFiles narrated_demo_files(const std::filesystem::path& out);

/// Renders long videos of eight parts, each a scene of the demo for 5 to 8 s, and writes what is said in
/// them. No scene is there twice but the steps of a task, which each of its videos shows.
///   narrated: one or two lines per part, up to 1.5 s early or late, overlapping the next ones; between them
///             lines that have nothing to do with the picture
///   captioned: a tenth as many (at least two), two captions per part: the training split of `captions`
///   tasks: a tenth as many (at least one) of four steps; each of four videos shows them in their order, with
///          four other parts before, between and after them, which have a caption each: the test split
/// Videos that an earlier call with equal options has finished are kept. Throws as write_demo() does.
NarratedDemoFiles write_narrated_demo(const std::filesystem::path& out, const NarratedDemoOptions& options,
                                      const Progress& progress);

}  // namespace tvr

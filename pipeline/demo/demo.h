#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/progress.h"

namespace tvr {

/// The demo data set. All of it changes the result.
struct DemoOptions {
  int clips = 600;         // 10 to 100000, every fifth of them (rounded to pairs) held out for the test
  std::uint64_t seed = 1;  // equal seeds give equal bytes on one machine
};

/// What write_demo() leaves behind, in MSR-VTT's own formats.
struct DemoFiles {
  std::filesystem::path videos;       // folder of video0.mp4, video1.mp4, ...
  std::filesystem::path annotations;  // MSRVTT_data.json: 20 captions a clip
  std::filesystem::path train;        // column video_id
  std::filesystem::path test;  // key,vid_key,video_id,sentence: one sentence a clip, which fits it alone
};

/// Names only; nothing is read or written.
[[nodiscard]] DemoFiles demo_files(const std::filesystem::path& out);

/// Draws the clips, encodes them to H.264 MP4 (on all of TBB's threads) and writes their captions. Clips that
/// an earlier call with equal options has finished are kept. Throws Error(Mismatch) for a folder that holds
/// something else or a demo of other options, Error(Interrupted) when progress says stop, and what
/// VideoWriter throws.
DemoFiles write_demo(const std::filesystem::path& out, const DemoOptions& options, const Progress& progress);

}  // namespace tvr

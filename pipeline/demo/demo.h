#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/progress.h"

namespace tvr {

/// Options of the demo data set. All of them change the result.
struct DemoOptions {
  int clips = 600;         // 10 to 100000; a fifth of them (rounded to pairs) is the test split
  std::uint64_t seed = 1;  // equal seeds give equal files on the same machine
};

/// The files that write_demo() creates, in MSR-VTT's formats.
struct DemoFiles {
  std::filesystem::path videos;       // folder of video0.mp4, video1.mp4, ...
  std::filesystem::path annotations;  // MSRVTT_data.json: 20 captions per clip
  std::filesystem::path train;        // column video_id
  std::filesystem::path test;         // key,vid_key,video_id,sentence: one unambiguous sentence per clip
};

/// Paths only; nothing is read or written.
[[nodiscard]] DemoFiles demo_files(const std::filesystem::path& out);

/// Renders the clips, encodes them to H.264 MP4 (on all of TBB's threads) and writes their captions. Clips
/// that an earlier call with equal options has finished are kept. Throws Error(Mismatch) for a folder that
/// contains something else or a demo of other options, Error(Interrupted) when progress says stop, and what
/// VideoWriter throws.
DemoFiles write_demo(const std::filesystem::path& out, const DemoOptions& options, const Progress& progress);

}  // namespace tvr

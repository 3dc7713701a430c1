#pragma once

#include <cstdint>
#include <functional>

#include "data/descriptor.h"
#include "extract/media/media.h"

namespace tvr {

/// Limits for one remux, so that no file can exhaust the machine.
struct RemuxLimits {
  std::int64_t max_bytes = 4LL << 30;    // written
  std::int64_t max_packets = 3'000'000;  // some hours; the index of an MP4 takes 64 bytes for each in memory
  std::int64_t max_packet_bytes = 64 << 20;
  double max_seconds = 300;  // wall time
};

/// Writes an MP4 with the coded pictures of the file's video, unchanged, and with its first sound if browsers
/// play that: for files of which MediaFacts::remuxed says that they need it. Times begin at 0 as in all of
/// this room; where the container has the order of decoding alone (AVI), that of showing is read from the
/// pictures' headers. The result is the same in every byte each time.
///   to    an empty file, open for writing
///   stop  asked again and again; true: ends with Error(Interrupted)
/// Throws Error(Limit) with "limit of ...", Error(Timeout), Error(Unreadable) where `to` cannot be written,
/// and Error(Corrupt | Unsupported) for what cannot be remuxed.
void remux_to_mp4(const SendableFile& file, const Descriptor& to, const std::function<bool()>& stop,
                  const RemuxLimits& limits = {});

}  // namespace tvr
